// Search as one types: services, operations and chains; an ID or a pasted log
// line finds its chain. A combobox as WAI-ARIA describes it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Found, api } from './api.ts';
import { duration, during, plural } from './format.ts';
import { useKeys } from './keys.ts';
import { useLoad } from './load.ts';
import { now, route, toChain, toFocus, toKey, windowQuery } from './state.ts';
import { Ago, KeyName, Name, OutcomeWord } from './parts.tsx';
import { exactly } from './words.ts';

const pause = 120; // ms after the last key

export function SearchBox() {
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const wanted = useSettled(text.trim(), pause);
  const query = { ...windowQuery(), q: wanted, limit: 6 };
  const { value, problem, fresh } = useLoad(wanted ? JSON.stringify(query) : null, api.search(query));
  const found = wanted && value ? options(value, wanted) : [];
  const settled = fresh && wanted === text.trim();
  const pending = useRef(false); // Enter came before the answer
  useKeys({ '/': () => input.current?.focus() });
  const choose = (href: string) => {
    setOpen(false);
    setText('');
    input.current?.blur();
    location.hash = href;
  };
  useEffect(() => {
    if (!settled || !pending.current) return;
    pending.current = false;
    if (found[0]) choose(found[0].href);
  }, [settled, value]);
  useEffect(() => setActive(0), [wanted]);
  const key = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step && found.length) {
      event.preventDefault();
      setActive((active + step + found.length) % found.length);
    } else if (event.key === 'Escape') {
      setOpen(false);
      setText('');
      input.current?.blur();
    } else if (event.key === 'Enter' && text.trim()) {
      event.preventDefault();
      const chosen = settled ? found[active] : undefined;
      if (chosen) choose(chosen.href);
      else pending.current = true;
    }
  };
  const shown = open && text.trim() !== '';
  return (
    <div class="searchbox" role="search">
      <input ref={input} type="text" enterkeyhint="search" placeholder="Service, operation, order, ID or log line" aria-label="Search" role="combobox" autocomplete="off" spellcheck={false}
        aria-expanded={shown && found.length > 0} aria-controls="found" aria-autocomplete="list" aria-activedescendant={shown && found[active] ? `found-${active}` : undefined}
        value={text} maxLength={4096} onInput={(e) => { setText(e.currentTarget.value); setOpen(true); }} onFocus={() => setOpen(true)} onBlur={() => setOpen(false)} onKeyDown={key} />
      <kbd aria-hidden="true">/</kbd>
      {shown && (
        <div class="found" onPointerDown={(e) => e.preventDefault()}>
          {problem && <p class="bad">{problem.detail}</p>}
          {!problem && settled && found.length === 0 && <p>{/^[^\s=]+=/.test(wanted)
            ? exactly(wanted, during(route.value.from, route.value.to, now.value))
            : 'Nothing has that name or ID. Names are looked for in the chosen time window, IDs at any time.'}</p>}
          {!problem && !settled && found.length === 0 && <p>Looking…</p>}
          <ul id="found" role="listbox" aria-label="Found" hidden={found.length === 0}>
            {found.map((o, i) => (
              <li key={o.href} id={`found-${i}`} role="option" aria-selected={i === active} onPointerMove={() => setActive(i)} onClick={() => choose(o.href)}>
                <span class="kind">{o.kind}</span>{o.body}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

const traceID = /[0-9a-f]{32}/i;

/** options in one list, names first. A business key comes before chains, but not before the one whose ID was given. */
function options(found: Found, text: string) {
  const nodes = (list: Found['services'], kind: string) => list.map((n) => ({ kind, href: toFocus(n), body: <Name at={n} /> }));
  const chains = found.chains.map((c) => ({
    kind: 'Chain', href: toChain(c.traceId),
    body: <><code>{c.shortId}</code><Name at={c.entrance} /><OutcomeWord outcome={c.outcome} /><span class="quiet">{duration(c.duration)} · <Ago time={c.start} /></span></>,
  }));
  const keys = found.keys.map(({ key, traces, last }) => ({
    kind: 'Key', href: toKey(key),
    body: <><KeyName of={key} />{key.environment && <span class="quiet"><bdi>{key.environment}</bdi></span>}<span class="quiet">{plural(traces, 'chain')} · <Ago time={last} /></span></>,
  }));
  return [...nodes(found.services, 'Service'), ...nodes(found.operations, 'Operation'), ...(traceID.test(text) ? [...chains, ...keys] : [...keys, ...chains])];
}

/** useSettled is text once it has stayed the same for a while. */
export function useSettled(text: string, wait: number): string {
  const [settled, setSettled] = useState(text);
  const where = route.value.environment;
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), wait);
    return () => clearTimeout(timer);
  }, [text, wait, where]);
  return settled;
}
