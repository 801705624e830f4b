// The page one lands on: what failed last, where requests come in, who calls whom.
import { useMemo, useState } from 'preact/hooks';
import { type FailureGroup, type Graph as GraphData, type OperationFigures, api } from './api.ts';
import { count, duration, during, frequency, percent, plural, windowName } from './format.ts';
import { Graph, edgeKey, nodeKey } from './graph.tsx';
import { backbone, depths } from './layout.ts';
import { useHover, useLoad, useSteady } from './load.ts';
import { type Home as HomeRoute, keyOf } from './route.ts';
import { focusOn, go, now, polling, toChain, toFocus, windowQuery } from './state.ts';
import { type Column, Table } from './table.tsx';
import { pressing } from './steady.ts';
import { Ago, Empty, Name, OutcomeWord, ProblemNote, Share, Waiting } from './parts.tsx';
import { nodeName, reason, softCalls } from './words.ts';
import { Welcome } from './welcome.tsx';

const mapEdges = 60; // drawn
const mapAsked = 400; // to know how deep each service lies
const emptyEvery = 1000; // the first span is awaited

export function HomeView({ at }: { at: HomeRoute }) {
  const health = useLoad('health', api.health(), emptyEvery * 5);
  const nothing = health.value?.view.cells === 0;
  const every = nothing ? emptyEvery : polling(at);
  const query = { ...windowQuery(at), limit: mapAsked };
  const map = useLoad(JSON.stringify(['map', query]), api.map(query), every);
  const empty = map.value?.nodes.length === 0;
  if (empty && nothing) return <Welcome />;
  return (
    <>
      <Overview at={at} graph={map.value} />
      {empty ? <Quiet at={at} /> : (
        <>
          <div class="columns">
            <LatestFailures at={at} />
            <BusiestEntrances at={at} />
          </div>
          <section aria-labelledby="map-title">
            <h2 id="map-title">Who calls whom</h2>
            {map.problem && <ProblemNote problem={map.problem} />}
            {map.value ? <ServiceMap graph={map.value} /> : !map.problem && <Waiting rows={6} />}
          </section>
        </>
      )}
    </>
  );
}

/** Overview is the window in one sentence. */
function Overview({ at, graph }: { at: HomeRoute; graph: GraphData | undefined }) {
  const incoming = graph?.edges.filter((e) => graph.nodes[e.caller]!.kind === 'outside') ?? [];
  const sum = (of: (e: GraphData['edges'][number]) => number) => incoming.reduce((total, e) => total + of(e), 0);
  const services = graph?.nodes.filter((n) => n.kind === 'observed').length ?? 0;
  return (
    <div class="overview">
      <h1>{windowName(at.from, at.to, now.value).replace(/^./, (c) => c.toUpperCase())}</h1>
      <p>
        {graph && graph.nodes.length > 0 ? <>
          <b>{plural(services, 'service')}</b>; <b>{plural(sum((e) => e.calls), 'request')}</b> came in
          {sum((e) => e.calls) > 0 && <>, <b class={sum((e) => e.errors) > 0 ? 'bad' : ''}>{percent(sum((e) => e.errors), sum((e) => e.calls))}</b> of them failed</>}
        </> : '\u00a0'}
      </p>
    </div>
  );
}

function Quiet({ at }: { at: HomeRoute }) {
  return (
    <Empty title={`No calls ${during(at.from, at.to, now.value)}.`}>
      <p>There are others. Look at the {['-1h', '-24h', '-168h'].map((from, i) => (
        <>{i > 0 && (i === 2 ? ' or the ' : ', the ')}<button type="button" class="link" onClick={() => go({ ...at, from, to: '' })}>{windowName(from, '', now.value)}</button></>
      ))}.</p>
    </Empty>
  );
}

function LatestFailures({ at }: { at: HomeRoute }) {
  const query = { ...windowQuery(at), limit: 20 };
  const { value, problem, answers } = useLoad(JSON.stringify(query), api.failures(query), polling(at));
  const [inside, hover] = useHover();
  const [all, setAll] = useState(false);
  const groups = useSteady(answers, value?.failures ?? [], groupKey, inside);
  const { open, handled, hidden } = pressing(groups, all);
  return (
    <section aria-labelledby="failures-title" class="failures" {...hover}>
      <h2 id="failures-title">Latest failures <small>one line each kind; opens the newest chain where it began</small></h2>
      {problem && <ProblemNote problem={problem} />}
      {!value && !problem && <Waiting rows={5} />}
      {value && groups.length === 0 && <Empty title="Nothing failed."><p>Errors, timeouts and soft errors {during(at.from, at.to, now.value)} would be here.</p></Empty>}
      {open.length > 0 && <ul class="list">{open.map((group) => <FailureRow key={groupKey(group)} group={group} />)}</ul>}
      {handled.length > 0 && <>
        <h3 class="divider">Handled: their callers went on</h3>
        <ul class="list">{handled.map((group) => <FailureRow key={groupKey(group)} group={group} />)}</ul>
      </>}
      {hidden > 0 && <p class="more-row"><button type="button" onClick={() => setAll(true)}>{plural(hidden, 'more kind')} of failure</button></p>}
      {all && value?.truncated && <p class="quiet">Among the newest {count(value.chainsRead)} failing chains; there are older ones.</p>}
    </section>
  );
}

const groupKey = (g: FailureGroup): string => keyOf(g.signature, String(g.failure.handled));

function FailureRow({ group }: { group: FailureGroup }) {
  const { failure, latest } = group;
  const [entrance] = group.entrances;
  return (
    <li>
      <a class="failure" href={toChain(latest.traceId, latest.spanId)}>
        <OutcomeWord outcome={failure.outcome} />
        <span class="what">
          <span class="first">
            <Name at={failure} />
            {entrance && (entrance.service !== failure.service || entrance.operation !== failure.operation) && <span class="via">entered by <bdi>{entrance.service} {entrance.operation}</bdi>{group.entrances.length > 1 && ` and ${group.entrances.length - 1} more`}</span>}
          </span>
          <span class="reason" title={reason(failure)}>{reason(failure) || (failure.peer && `no answer of ${failure.peer}`) || 'gave no reason'}</span>
        </span>
        <span class="often">{plural(group.chains, 'chain')}</span>
        <span class="when"><Ago time={group.last} /></span>
      </a>
    </li>
  );
}

const entranceKey = (o: OperationFigures): string => keyOf(o.environment, o.namespace, o.service, o.operation);

export const figureColumns: Column<OperationFigures>[] = [
  { id: 'rate', head: 'Calls', meaning: 'Calls a second, minute or hour; the calls themselves where they are few', number: true, by: (o) => o.rate, cell: (o) => frequency(o) },
  { id: 'errors', head: 'Errors', meaning: 'Share of calls that failed', number: true, by: (o) => o.errors / (o.calls || 1), cell: (o) => <Share part={o.errors} whole={o.calls} kind="bad" /> },
  { id: 'soft', head: 'Soft', meaning: 'Share of calls with a soft error: a business failure the transport did not see', number: true, by: (o) => softCalls(o) / (o.calls || 1), cell: (o) => <Share part={softCalls(o)} whole={o.calls} kind="soft" /> },
  { id: 'p50', head: 'p50', meaning: 'Half of the calls are faster', number: true, by: (o) => o.seconds?.p50 ?? -1, cell: (o) => duration(o.seconds?.p50) },
  { id: 'p95', head: 'p95', meaning: '95 % of the calls are faster', number: true, by: (o) => o.seconds?.p95 ?? -1, cell: (o) => duration(o.seconds?.p95) },
];

function BusiestEntrances({ at }: { at: HomeRoute }) {
  const query = { ...windowQuery(at), limit: 20 };
  const { value, problem, answers } = useLoad(JSON.stringify(query), api.entrances(query), polling(at));
  const [inside, hover] = useHover();
  const rows = useSteady(answers, value?.operations ?? [], entranceKey, inside);
  const name: Column<OperationFigures> = { id: 'name', head: 'Entrance', by: (o) => o.service + o.operation, cell: (o) => <a href={toFocus(o)}><Name at={o} /></a> };
  return (
    <section aria-labelledby="entrances-title" {...hover}>
      <h2 id="entrances-title">Busiest entrances <small>where requests come in</small></h2>
      {problem && <ProblemNote problem={problem} />}
      {!value && !problem && <Waiting rows={5} />}
      {value && rows.length === 0 && <Empty title="Nobody called from outside." />}
      {rows.length > 0 && <Table caption="Busiest entrances" columns={[name, ...figureColumns]} rows={rows} keyOf={entranceKey} onRow={(o) => go(focusOn(o))} />}
      {value?.truncated && <p class="quiet">The busiest {count(value.operations.length)} of {count(value.total)}.</p>}
    </section>
  );
}

/** drawable is the part of a graph that there is room for, and the column of each of its nodes. */
function drawable(all: GraphData): { graph: GraphData; column: number[] } {
  const depth = depths(all.nodes.map(nodeKey), all.edges);
  const edges = backbone([...all.edges].sort((a, b) => b.calls - a.calls), mapEdges) as GraphData['edges'];
  const kept = [...new Set(edges.flatMap((e) => [e.caller, e.callee]))].sort((a, b) => a - b);
  const at = new Map(kept.map((old, i) => [old, i]));
  const moved = edges.map((e) => ({ ...e, caller: at.get(e.caller)!, callee: at.get(e.callee)! }));
  return { graph: { ...all, nodes: kept.map((i) => all.nodes[i]!), edges: moved }, column: kept.map((i) => depth[i]!) };
}

function ServiceMap({ graph: all }: { graph: GraphData }) {
  const { graph, column } = useMemo(() => drawable(all), [all]);
  const some = (what: (e: GraphData['edges'][number]) => boolean) => graph.edges.some(what);
  const openEdge = (key: string) => {
    const edge = graph.edges.find((e) => edgeKey(graph, e) === key)!;
    const caller = graph.nodes[edge.caller]!;
    go(focusOn(caller.kind === 'observed' ? caller : graph.nodes[edge.callee]!, { edge: key }));
  };
  return (
    <>
      <Graph graph={graph} column={column} name={`Services and the calls between them: ${graph.nodes.map(nodeName).slice(0, 8).join(', ')}`} href={(n) => toFocus(n)} onEdge={openEdge} />
      <p class="legend">
        <span>Label: calls · ✕ failed · 95 % are faster than</span>
        {some((e) => e.errors > 0) && <span><i class="bad" />some calls fail</span>}
        {some((e) => softCalls(e) > 0) && <span><i class="soft" />soft errors: the business failed, the transport did not</span>}
        {graph.nodes.some((n) => n.kind === 'virtual') && <span><i class="virtual" />sends no spans</span>}
        {graph.edges.length < graph.total && <span>The busiest {graph.edges.length} of {count(graph.total)} edges.</span>}
      </p>
    </>
  );
}

