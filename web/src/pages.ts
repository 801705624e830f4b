// Pages of an answer that are asked for again. Pure: how to ask is a parameter.
import type { Result } from './api.ts';

/** renewed pages: the first and the last, where what is new comes; all of them where the first has another end than before. */
export async function renewed<T extends { cursor: string }>(pages: T[], ask: (cursor: string) => Promise<Result<T>>): Promise<Result<T[]>> {
  const fresh: T[] = [];
  while (fresh.length < pages.length) {
    const before = fresh[fresh.length - 1];
    if (before?.cursor === '') break; // there are fewer than there were
    const answer = await ask(before?.cursor ?? '');
    if (!answer.ok) return answer;
    fresh.push(answer.value);
    if (fresh.length === 1 && answer.value.cursor === pages[0]!.cursor) fresh.push(...pages.slice(1, -1));
  }
  return { ok: true, value: fresh };
}
