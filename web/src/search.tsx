// Chains by what is known of one of their spans.
import { useEffect, useState } from 'preact/hooks';
import { type Chains, type Problem, type Summary, api } from './api.ts';
import { clock, duration, plural } from './format.ts';
import { useLoad } from './load.ts';
import { type Search, search as blank } from './route.ts';
import { go, now, toChain, windowQuery } from './state.ts';
import { type Wrong, wrongIn } from './conditions.ts';
import { Ago, Empty, Name, OutcomeWord, ProblemNote, Waiting } from './parts.tsx';
import { outcomeWord, outcomes, reason, tone } from './words.ts';

const page = 30;

const queryOf = (at: Search) => ({
  ...windowQuery(at), service: at.service, namespace: at.namespace, operation: at.operation, outcome: at.outcome, minDuration: at.minDuration, maxDuration: at.maxDuration,
  attribute: at.attribute, calleeService: at.calleeService, calleeOperation: at.calleeOperation, calleeEnvironment: at.calleeEnvironment,
  calleeNamespace: at.calleeNamespace, connection: at.connection, limit: page,
});

export function SearchView({ at }: { at: Search }) {
  const query = queryOf(at);
  const key = JSON.stringify(query);
  const { value, problem, busy } = useLoad(key, api.chains(query));
  return (
    <>
      <div class="overview"><h1>Chains</h1><p>with a span that meets every condition, the newest first</p></div>
      <SearchForm key={key} at={at} problem={problem} />
      {problem && !problem.field && <ProblemNote problem={problem} />}
      {!value && !problem && <Waiting rows={8} />}
      {value && !problem && <Results key={key} first={value} at={at} busy={busy} />}
    </>
  );
}

/** Results are the first page and those that were asked for since. */
function Results({ first, at, busy }: { first: Chains; at: Search; busy: boolean }) {
  const [more, setMore] = useState<Chains[]>([]);
  const [trouble, setTrouble] = useState<Problem>();
  const [loading, setLoading] = useState(false);
  const [stop] = useState(() => new AbortController());
  useEffect(() => () => stop.abort(), []);
  const pages = [first, ...more];
  const last = pages[pages.length - 1]!;
  const chains = pages.flatMap((p) => p.chains);
  const load = async () => {
    setLoading(true);
    const answer = await api.chains({ ...queryOf(at), cursor: last.next })(stop.signal);
    if (stop.signal.aborted) return;
    setLoading(false);
    setTrouble(answer.ok ? undefined : answer.problem);
    if (answer.ok) setMore((old) => [...old, answer.value]);
  };
  const slowest = Math.max(...chains.map((c) => c.duration), 0);
  return (
    <section aria-label="Chains found" class={busy ? 'busy' : ''}>
      {chains.length === 0 && <Empty title="No chain meets all of that."><p>Widen the time window, or leave a condition out.{at.attribute.length > 0 && ' An attribute must be one of a single span, with exactly the value given.'}</p></Empty>}
      <ul class="list">{chains.map((c) => <ChainRow key={c.traceId} chain={c} slowest={slowest} wide />)}</ul>
      {last.note && <p class="quiet">{last.note}</p>}
      {trouble && <ProblemNote problem={trouble} />}
      {last.next && <p class="more-row"><button type="button" onClick={load} disabled={loading}>Older chains</button></p>}
    </section>
  );
}

export function ChainRow({ chain, slowest, wide = false }: { chain: Summary; slowest: number; wide?: boolean }) {
  const { origin } = chain;
  return (
    <li>
      <a class={`chain-row${wide ? ' wide' : ''}`} href={toChain(chain.traceId, origin?.spanId)}>
        <span class="id"><code title={chain.traceId}>{chain.shortId}</code></span>
        <span class="what">
          <Name at={chain.entrance} />
          {origin && <span class="reason"><bdi>{origin.service}</bdi>{reason(origin) && ': '}{reason(origin)}</span>}
        </span>
        <span class="end"><OutcomeWord outcome={chain.outcome} /><Within chain={chain} /></span>
        {wide && <span class="size quiet">{plural(chain.spans, 'span')} in {plural(chain.serviceCount, 'service')}{chain.partial && ', partial'}</span>}
        <span class="took">{duration(chain.duration)}<i style={{ width: `${slowest > 0 ? (100 * chain.duration) / slowest : 0}%` }} /></span>
        <span class="when">{wide ? <time dateTime={chain.start}>{clock(chain.start, now.value)}</time> : <Ago time={chain.start} />}</span>
      </a>
    </li>
  );
}

/** Within tells what went wrong in a chain whose entrance says nothing of it. */
export function Within({ chain }: { chain: Summary }) {
  if (tone(chain.outcome) === 'bad') return null;
  if (chain.failedSpans > 0) return <span class="bad">✕ {plural(chain.failedSpans, 'span')} failed</span>;
  return chain.softErrors > 0 && chain.outcome !== 'soft_error' ? <span class="soft">▲ {plural(chain.softErrors, 'soft error')}</span> : null;
}

const calleeFields = { calleeService: '', calleeOperation: '', calleeEnvironment: '', calleeNamespace: '', connection: '' };

function SearchForm({ at, problem }: { at: Search; problem: Problem | undefined }) {
  const [draft, setDraft] = useState({ ...at, attributes: at.attribute.join('\n') });
  const set = (change: Partial<typeof draft>) => setDraft((old) => ({ ...old, ...change }));
  const [wrong, setWrong] = useState<Wrong>({});
  const submit = (event: Event) => {
    event.preventDefault();
    const { attributes, ...rest } = draft;
    const next = { ...rest, attribute: attributes.split('\n').map((a) => a.trim()).filter(Boolean) };
    const found = wrongIn(next);
    setWrong(found);
    if (Object.keys(found).length === 0) go(next);
  };
  const told = { ...(problem?.field && { [problem.field]: problem.limits || problem.detail }), ...wrong };
  const text = (name: 'service' | 'operation' | 'minDuration' | 'maxDuration', label: string, placeholder: string, list?: string) => (
    <Field name={name} label={label} wrong={told}>
      <input id={`field-${name}`} name={name} value={draft[name]} placeholder={placeholder} list={list} autocomplete="off" spellcheck={false} onInput={(e) => set({ [name]: e.currentTarget.value })} />
    </Field>
  );
  return (
    <form class="search" onSubmit={submit}>
      {text('service', 'Service', 'any', 'services')}
      {text('operation', 'Operation', 'any', 'operations')}
      <Field name="outcome" label="Outcome" wrong={told}>
        <select id="field-outcome" value={draft.outcome} onChange={(e) => set({ outcome: e.currentTarget.value })}>
          <option value="">any</option><option value="failed">failed</option>
          {outcomes.map((o) => <option key={o} value={o}>{outcomeWord[o]}</option>)}
        </select>
      </Field>
      {text('minDuration', 'At least', '250ms')}
      {text('maxDuration', 'At most', '2s')}
      <Field name="attribute" label="Attributes" wrong={told}>
        <textarea id="field-attribute" rows={Math.max(1, draft.attributes.split('\n').length)} value={draft.attributes} placeholder="http.route=/orders" spellcheck={false} onInput={(e) => set({ attributes: e.currentTarget.value })} />
      </Field>
      <p class="buttons"><button type="submit" class="main">Search</button><button type="button" onClick={() => go({ ...blank, from: at.from, to: at.to, environment: at.environment })}>Clear</button></p>
      {at.calleeService && (
        <p class="chip">only with a call to <b>{at.calleeService}</b> {at.calleeOperation}
          <button type="button" class="icon" aria-label="Drop this condition" onClick={() => go({ ...at, ...calleeFields })}>×</button></p>
      )}
      {at.nodeEnvironment && (
        <p class="chip">only in <b>{at.nodeEnvironment}</b>
          <button type="button" class="icon" aria-label="Drop this environment" onClick={() => go({ ...at, nodeEnvironment: '' })}>×</button></p>
      )}
      <Names draft={draft} />
    </form>
  );
}

function Field({ name, label, wrong, children }: { name: string; label: string; wrong: Wrong; children: preact.ComponentChildren }) {
  const mine = wrong[name];
  return (
    <div class={`field for-${name}${mine ? ' wrong' : ''}`}>
      <label for={`field-${name}`}>{label}</label>
      {children}
      {mine && <p class="bad" role="alert">{mine}</p>}
    </div>
  );
}

/** Names are what services and operations there are, for the fields' lists. */
function Names({ draft }: { draft: Search }) {
  const query = { ...windowQuery(draft), limit: 500 };
  const map = useLoad(JSON.stringify(['names', query]), api.map(query));
  const services = [...new Set(map.value?.nodes.map((n) => n.service).filter(Boolean))].sort();
  const known = services.includes(draft.service);
  const own = { ...query, service: draft.service };
  const operations = useLoad(known ? JSON.stringify(own) : null, api.operations(own));
  return (
    <>
      <datalist id="services">{services.map((name) => <option key={name} value={name} />)}</datalist>
      <datalist id="operations">{known && operations.value?.operations.map((o) => <option key={o.operation} value={o.operation} />)}</datalist>
    </>
  );
}
