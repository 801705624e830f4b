// An edge in full: how its calls ended, how long they took as either side saw
// it, and the chains that took it.
import { useEffect, useRef } from 'preact/hooks';
import { type Edge, type Graph, type Latency, type Node, type Query, api } from './api.ts';
import { count, duration, frequency, percent } from './format.ts';
import { useLoad } from './load.ts';
import type { Focus, Search } from './route.ts';
import { go, polling, put, toDependency, toFocus, toSearch, windowQuery } from './state.ts';
import { Empty, Name, OutcomeWord, ProblemNote, StrengthWord, Waiting } from './parts.tsx';
import { strengthMeaning } from './strengthwords.ts';
import { Ends } from './evidence.tsx';
import { calleeSaw, connectionWord, kindMeaning, linkable, nodeName, outcomes, softCalls, tone } from './words.ts';
import { ChainRow } from './search.tsx';

interface Props { at: Focus; graph: Graph; edge: Edge }

export function EdgePanel({ at, graph, edge }: Props) {
  const caller = graph.nodes[edge.caller]!;
  const callee = graph.nodes[edge.callee]!;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), [at.edge]); // on a small screen it may be elsewhere
  return (
    <section class="side" aria-labelledby="edge-title" ref={panel}>
      <h2 id="edge-title">Edge <button type="button" class="icon close" onClick={() => go({ ...at, edge: '' })} aria-label="Close the edge" title="Esc">×</button></h2>
      <p class="ends"><End node={caller} /><span class="by" aria-label="calls">↓ {connectionWord[edge.connection] ?? edge.connection} · {frequency(edge)}</span><End node={callee} /></p>
      <Endings edge={edge} />
      <Latencies edge={edge} />
      <Strengths at={at} caller={caller} edge={edge} />
      <Notes edge={edge} callee={callee} />
      <EdgeChains at={at} caller={caller} callee={callee} edge={edge} />
    </section>
  );
}

const End = ({ node }: { node: Node }) => (linkable(node) ? <a href={toFocus(node)}><Name at={node} /></a> : <em title={kindMeaning[node.kind]}>{nodeName(node)}</em>);

/** Endings are the outcomes with their share, as a bar and as words. */
function Endings({ edge }: { edge: Edge }) {
  const callee = calleeSaw(edge);
  const seen = outcomes.filter((o) => (edge.outcomes[o] ?? 0) > 0);
  return (
    <>
      <div class="bar-of" aria-hidden="true">{seen.map((o) => <i key={o} class={tone(o)} style={{ flexGrow: edge.outcomes[o]! }} />)}</div>
      <ul class="endings">{seen.map((o) => <li key={o}><OutcomeWord outcome={o} /><span>{count(edge.outcomes[o]!)}</span><span class="quiet">{percent(edge.outcomes[o]!, edge.calls)}</span></li>)}</ul>
      {callee.length > 0 && <p class="quiet">As the callee saw it: {callee.map(([o, n], i) => <span key={o}>{i > 0 && ', '}<OutcomeWord outcome={o} /> {count(n)}</span>)}</p>}
    </>
  );
}

function Latencies({ edge }: { edge: Edge }) {
  const halves: [string, string, Latency | null][] = [
    ['As the caller saw it', 'Client spans: with the way there and back', edge.clientSeconds],
    ['As the callee saw it', 'Server spans', edge.serverSeconds],
    ['In the queue', 'Between sending and receiving', edge.queueSeconds],
  ];
  const seen = halves.filter(([, , latency]) => latency);
  if (seen.length === 0) return null;
  return (
    <table class="plain">
      <caption class="hidden">Latency</caption>
      <thead><tr><td /><th scope="col" class="number">p50</th><th scope="col" class="number">p95</th><th scope="col" class="number">p99</th></tr></thead>
      <tbody>{seen.map(([name, meaning, l]) => (
        <tr key={name}><th scope="row" title={meaning}>{name}</th><td class="number">{duration(l!.p50)}</td><td class="number">{duration(l!.p95)}</td><td class="number">{duration(l!.p99)}</td></tr>
      ))}</tbody>
    </table>
  );
}

/** Strengths of the call sites that the edge is made of, with what proves them. */
function Strengths({ at, caller, edge }: { at: Focus; caller: Node; edge: Edge }) {
  const { strength, dependencies } = edge;
  const query = { ...windowQuery(at), environment: caller.environment, namespace: caller.namespace, service: caller.service, operation: caller.operation, limit: 500 };
  const { value } = useLoad(dependencies.length > 0 ? JSON.stringify([query, dependencies]) : null, api.dependencies(query));
  if (!strength) return null;
  return (
    <div class="strengths">
      <p><StrengthWord strength={strength} /> <span class="quiet">{strengthMeaning[strength]}</span></p>
      <ul>{dependencies.map((id, i) => {
        const known = value?.dependencies.find((d) => d.id === id);
        return <li key={id}><a href={toDependency(id)}>{known ? <><StrengthWord strength={known.strength} source={known.source} /> <Ends of={known} /></> : `Evidence${dependencies.length > 1 ? ` ${i + 1}` : ''}`}</a></li>;
      })}</ul>
    </div>
  );
}

function Notes({ edge, callee }: { edge: Edge; callee: Node }) {
  const notes = [
    callee.kind === 'virtual' && kindMeaning.virtual,
    edge.indirect && 'Another SDK or a proxy stood between: the edges to and from it tell of the same calls.',
    edge.provisional > 0 && `${count(edge.provisional)} calls whose server span may still come.`,
    edge.folded && 'Operations were added up to stay within bounds.',
  ].filter(Boolean);
  return <>{notes.map((note) => <p key={String(note)} class="quiet">{note}</p>)}</>;
}

/** chainsOf an edge: those with this call; of a caller that has no spans, those with the callee. */
export function chainsOf(caller: Node, callee: Node, edge: Edge): Query {
  if (caller.kind !== 'observed') return { service: callee.service, namespace: callee.namespace, operation: callee.operation };
  return {
    service: caller.service, namespace: caller.namespace, operation: caller.operation, environment: caller.environment,
    calleeService: callee.service, calleeOperation: callee.operation, calleeEnvironment: callee.environment, calleeNamespace: callee.namespace, connection: edge.connection,
  };
}

const outcomeOf: Record<string, string> = { failed: 'failed', soft: 'soft_error' };

function EdgeChains({ at, caller, callee, edge }: { at: Focus; caller: Node; callee: Node; edge: Edge }) {
  const soft = softCalls(edge) > 0 || at.tab === 'soft';
  const tabs: [string, string][] = [['failed', 'Failing'], ...(soft ? [['soft', 'Soft errors'] as [string, string]] : []), ['all', 'All']];
  const tab = at.tab || (edge.errors > 0 ? 'failed' : soft ? 'soft' : 'all');
  const outcome = outcomeOf[tab] ?? '';
  const { environment, ...filter } = chainsOf(caller, callee, edge);
  const search = { nodeEnvironment: environment === at.environment ? '' : environment, ...filter, outcome } as Partial<Search>;
  const query = { ...windowQuery(at), ...filter, ...(environment ? { environment } : {}), outcome, limit: 8 };
  const { value, problem, fresh } = useLoad(JSON.stringify(query), api.chains(query), polling(at));
  const shown = fresh ? value?.chains : undefined;
  return (
    <>
      <h3>Newest chains</h3>
      <div class="tabs" role="group" aria-label="Which chains">
        {tabs.map(([id, name]) => <button key={id} type="button" aria-pressed={id === tab} onClick={() => put({ ...at, tab: id })}>{name}</button>)}
        <a class="more" href={toSearch(search)}>search them</a>
      </div>
      {problem && <ProblemNote problem={problem} />}
      {!shown && !problem && <Waiting rows={4} />}
      {shown?.length === 0 && <Empty title={tab === 'all' ? 'No chain of this edge was kept.' : 'No such chain was kept.'} />}
      <ul class="list">{shown?.map((chain) => <ChainRow key={chain.traceId} chain={chain} slowest={Math.max(...shown.map((c) => c.duration))} />)}</ul>
    </>
  );
}
