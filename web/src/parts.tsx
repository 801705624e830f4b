// Small pieces that every view uses.
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { EvidenceSource, Key, KeyState, Operation, Outcome, Problem, Service, Strength } from './api.ts';
import { outcomeMeaning, outcomeSign, outcomeWord, tone, fullName } from './words.ts';
import { strengthMeaning, strengthSign } from './strengthwords.ts';
import { NONE, percent } from './format.ts';
import { now } from './state.ts';
import { ago, clock } from './format.ts';

export function OutcomeWord({ outcome }: { outcome: Outcome }) {
  return (
    <span class={`outcome ${tone(outcome)}`} title={outcomeMeaning[outcome]}>
      <span aria-hidden="true" class="sign">{outcomeSign[outcome]}</span>{outcomeWord[outcome]}
    </span>
  );
}

/** StrengthWord is a verdict; who made the failures is told where they did not happen by themselves. */
export function StrengthWord({ strength, source = 'observed' }: { strength: Strength; source?: EvidenceSource | '' }) {
  return (
    <span class={`strength ${strength}`} title={strengthMeaning[strength]}>
      <span aria-hidden="true" class="sign">{strengthSign[strength]}</span><span class="word">{strength}</span>{source && source !== 'observed' && <small> {source}</small>}
    </span>
  );
}

/** KeyName is a business key: its kind, then its value. */
export const KeyName = ({ of }: { of: Pick<Key, 'kind' | 'value'> }) => <span class="key-name"><bdi class="kind-of">{of.kind}</bdi> <bdi>{of.value}</bdi></span>;

/** State is what spans say became of an order, a payment and such: no outcome of ours. */
export const State = ({ of: { kind, state }, own = '' }: { of: KeyState; own?: string }) => (
  <span class="tag state" title={`The spans say so: attribute ${kind}.state or ${kind}.status of the one that ended last`}>{kind !== own && <bdi class="kind-of">{kind}</bdi>} <bdi>{state}</bdi></span>
);

/** Name is service and operation, cut where there is no room, whole in the tooltip. */
export function Name({ at }: { at: Operation | (Service & { operation?: string }) }) {
  return (
    <span class="name" title={fullName(at)}>
      <bdi class="service">{at.service || '(no name)'}</bdi>
      {at.operation && <bdi class="operation">{at.operation}</bdi>}
    </span>
  );
}

export function Ago({ time }: { time: string }) {
  return <time dateTime={time} title={clock(time, now.value)}>{ago(time, now.value)}</time>;
}

/** Share of calls in red or amber; none is quiet. */
export function Share({ part, whole, kind }: { part: number; whole: number; kind: 'bad' | 'soft' }) {
  if (whole === 0) return <span class="quiet">{NONE}</span>;
  if (part === 0) return <span class="quiet">0</span>;
  return <span class={kind}>{percent(part, whole)}</span>;
}

export function ProblemNote({ problem }: { problem: Problem }) {
  return (
    <div class="problem" role="alert">
      <strong>{problem.title}</strong>
      <p>{problem.detail}</p>
      {problem.limits && <p class="quiet">{problem.field && <><code>{problem.field}</code> </>}{problem.limits}</p>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="empty"><strong>{title}</strong>{children}</div>;
}

/** Waiting keeps the room of what comes, so that nothing jumps. */
export function Waiting({ rows = 3 }: { rows?: number }) {
  return <div class="waiting" role="status" aria-label="Loading" style={{ height: `${rows * 2.75}rem` }} />;
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const timer = useRef(0);
  const copy = async () => {
    await copied(text);
    setDone(true);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setDone(false), 1500);
  };
  return <button type="button" class="copy" onClick={copy} aria-label={`Copy ${what}`}>{done ? 'Copied' : 'Copy'}</button>;
}

async function copied(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // pages over plain HTTP from elsewhere have no clipboard
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

