// One chain: what it is, where it went wrong, its spans as a tree, and all that is known of the chosen one.
import { useMemo } from 'preact/hooks';
import { type Chain, type ChainAnswer, type Failure, type Origin, type Summary, api } from './api.ts';
import { clock, count, duration, plural } from './format.ts';
import { useLoad } from './load.ts';
import { useKeys } from './keys.ts';
import { type ChainRoute, keyOf } from './route.ts';
import { now, put, toChain, toFocus } from './state.ts';
import { type Tree, opened, treeOf, waiterOf } from './tree.ts';
import { Ago, Copy, Empty, Name, OutcomeWord, ProblemNote, State, Waiting } from './parts.tsx';
import { happened, originLabel, outcomeMeaning, peerName, tone } from './words.ts';
import { SpanTree } from './spantree.tsx';
import { SpanPanel } from './spanpanel.tsx';
import { EvidencePanel } from './evidence.tsx';
import { Keys } from './logical.tsx';

export function ChainView({ at }: { at: ChainRoute }) {
  const { value, problem, fresh } = useLoad(at.id, api.chain(at.id));
  if (problem) return problem.status === 404 ? <Missing id={at.id} /> : <><h1 class="hidden">Chain {at.id}</h1><ProblemNote problem={problem} /></>;
  if (!value || !fresh) return <><h1 class="hidden">Chain {at.id}</h1><Waiting rows={12} /></>;
  return <Loaded key={value.chain.summary.traceId} at={at} answer={value} />;
}

function Missing({ id }: { id: string }) {
  return (
    <>
      <h1 class="hidden">Chain {id}</h1>
      <Empty title={`No chain ${id} is kept.`}>
        <p>It may be older than what the store holds, not sampled, or not yet arrived. IDs have 32 hex digits, short ones eight.</p>
      </Empty>
    </>
  );
}

function Loaded({ at, answer }: { at: ChainRoute; answer: ChainAnswer }) {
  const { chain } = answer;
  const tree = useMemo(() => treeOf(chain.spans, chain.origins.map((o) => o.span)), [chain]);
  const closed = useMemo(() => new Set(at.closed), [at.closed.join()]);
  const wanted = tree.keys.indexOf(at.span);
  const chosen = wanted >= 0 ? wanted : (chain.origins[0]?.span ?? 0);
  const choose = (span: number) => {
    const left = opened(tree, closed, span);
    put({ ...at, span: tree.keys[span]!, evidence: '', closed: left.size === closed.size ? at.closed : [...left] });
  };
  const prove = (span: number) => {
    const { dependency } = tree.spans[span]!;
    if (dependency) put({ ...at, span: tree.keys[span]!, evidence: dependency === at.evidence ? '' : dependency });
  };
  const disprove = () => put({ ...at, evidence: '' });
  useKeys({ s: () => prove(chosen), Escape: () => (at.evidence ? disprove() : false) });
  const close = (next: Set<string>) => put({ ...at, span: tree.keys[chosen]!, closed: [...next] });
  return (
    <>
      <Head chain={chain} tree={tree} />
      {at.span !== '' && wanted < 0 && <p class="quiet">Span {at.span} of the link is not in this chain.</p>}
      <Origins chain={chain} tree={tree} choose={choose} chosen={chosen} />
      <Others others={answer.others} />
      <div class="split chain">
        <SpanTree chain={chain} tree={tree} closed={closed} chosen={chosen} onlyTroubled={at.show === 'failed'}
          onChoose={choose} onClose={close} onShow={(show) => put({ ...at, show })} onEvidence={prove} />
        {at.evidence ? <EvidencePanel id={at.evidence} onClose={disprove} /> : <SpanPanel chain={chain} tree={tree} chosen={chosen} onChoose={choose} onEvidence={prove} />}
      </div>
    </>
  );
}

function Head({ chain, tree }: { chain: Chain; tree: Tree }) {
  const s = chain.summary;
  const missing = useMemo(() => problemsOf(tree), [tree]);
  return (
    <div class="head">
      <h1><span class="hidden">Chain </span><code>{s.shortId}</code> <a href={toFocus(s.entrance)}><Name at={s.entrance} /></a> <OutcomeWord outcome={s.outcome} />{chain.states.map((st) => <State key={st.kind} of={st} />)}</h1>
      <dl class="facts">
        <div><dt>Began</dt><dd><time dateTime={s.start}>{clock(s.start, now.value)}</time> <span class="quiet">(<Ago time={s.start} />)</span></dd></div>
        <div><dt>Took</dt><dd>{duration(s.duration)}</dd></div>
        <div><dt>Spans</dt><dd>{count(s.spans)}{s.failedSpans > 0 && <span class="bad"> ✕ {count(s.failedSpans)} failed</span>}{s.softErrors > 0 && <span class="soft" title={outcomeMeaning.soft_error}> ▲ {plural(s.softErrors, 'soft error')}</span>}</dd></div>
        <div><dt>Services</dt><dd>{count(s.serviceCount)}</dd></div>
        {s.weight > 1 && <div><dt>Kept</dt><dd>1 in {count(s.weight)}</dd></div>}
        {chain.keys.length > 0 && <div><dt>Part of</dt><dd><Keys of={chain.keys} /></dd></div>}
        <div class="trace"><dt>Trace ID</dt><dd><code>{s.traceId}</code> <Copy text={s.traceId} what="the trace ID" /></dd></div>
      </dl>
      {s.partial && <p class="partial"><strong>Partial</strong> {missing.join(', ') || 'spans that others speak of are not here'}</p>}
      {chain.truncated && <p class="partial"><strong>Large</strong> the first {count(chain.spans.length)} spans are shown</p>}
    </div>
  );
}

/** problemsOf the spans, counted, the most frequent first. */
function problemsOf(tree: Tree): string[] {
  const counts = new Map<string, number>();
  for (const span of tree.spans) for (const p of span.problems) counts.set(p, (counts.get(p) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${name} (${plural(n, 'span')})`);
}

const shownOrigins = 3;

type Alike = [Origin, ...Origin[]];

/** alike gathers attempts that failed in the same way. */
function alike(origins: Origin[]): Alike[] {
  const kinds = new Map<string, Alike>();
  for (const o of origins) {
    const { failure: f } = o;
    const key = keyOf(f.environment, f.namespace, f.service, f.operation, f.outcome, f.errorType, f.message, String(f.handled));
    const known = kinds.get(key);
    if (known) known.push(o);
    else kinds.set(key, [o]);
  }
  return [...kinds.values()];
}

/** Origins say in a sentence each where the failure began; a press goes there. */
function Origins({ chain, tree, choose, chosen }: { chain: Chain; tree: Tree; choose: (span: number) => void; chosen: number }) {
  const kinds = useMemo(() => alike(chain.origins), [chain]);
  const shown = kinds.slice(0, shownOrigins);
  if (shown.length === 0) return null;
  return (
    <ul class="origins" aria-label="Where it went wrong">
      {shown.map(([{ span, failure }, ...again]) => (
        <li key={span}>
          <button type="button" class={`origin ${tone(failure.outcome)}`} aria-pressed={span === chosen} onClick={() => choose(span)}>
            <span class="label">{originLabel(failure)}</span>
            <span class="told"><b><bdi>{failure.service}</bdi></b> <bdi>{failure.operation}</bdi> <Story chain={chain} failure={failure} span={span} waiter={waiterOf(tree, failure)} /><span class="quiet">{failure.peer && `; no span of the called ${peerName(failure.peer).replace(/^Unknown p/, 'p')} arrived`}{failure.handled && '; its caller went on'}{again.length > 0 && `; ${again.length + 1} times, the last is opened`}</span></span>
          </button>
        </li>
      ))}
      {kinds.length > shown.length && <li class="quiet">and {kinds.length - shown.length} more: press e to walk from one failed span to the next</li>}
    </ul>
  );
}

/** Story of a failure in a clause. Who was still at work when its caller gave up did not fail itself. */
function Story({ chain, failure, span, waiter }: { chain: Chain; failure: Failure; span: number; waiter: number }) {
  const waiting = chain.spans[waiter];
  if (!waiting) return <>{happened(failure)} <span class="quiet">after {duration(chain.spans[span]?.duration)}</span></>;
  return <>was still running when <b><bdi>{chain.services[waiting.service]?.service}</bdi></b> gave up after {duration(waiting.duration)}</>;
}

function Others({ others }: { others: Summary[] }) {
  if (others.length === 0) return null;
  return (
    <details class="others">
      <summary>{plural(others.length, 'other chain has', 'other chains have')} this short ID</summary>
      <ul>{others.map((o) => <li key={o.traceId}><a href={toChain(o.traceId)}><code>{o.traceId}</code></a> <Name at={o.entrance} /> <Ago time={o.start} /></li>)}</ul>
    </details>
  );
}
