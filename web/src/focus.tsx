// One service or operation, who calls it and whom it calls.
import { useMemo } from 'preact/hooks';
import { type Edge, type Graph as GraphData, type Node, type OperationFigures, api } from './api.ts';
import { count, duration, during, frequency, percent, plural } from './format.ts';
import { Graph, edgeKey, latencyOf } from './graph.tsx';
import { useKeys } from './keys.ts';
import { useHover, useLoad, useSteady } from './load.ts';
import { type Focus, format, keyOf, maxHops } from './route.ts';
import { focusOn, go, nodeOf, now, polling, put, toFocus, toSearch, windowQuery } from './state.ts';
import { type Column, Table } from './table.tsx';
import { Empty, Name, ProblemNote, Share, StrengthWord, Waiting } from './parts.tsx';
import { strengthRank } from './strengthwords.ts';
import { connectionWord, linkable, nodeName, softCalls } from './words.ts';
import { figureColumns } from './home.tsx';
import { EdgePanel } from './edge.tsx';

const edgeLimit = 120;

export function FocusView({ at }: { at: Focus }) {
  const query = { ...windowQuery(at), service: at.service, namespace: at.namespace, operation: at.operation, up: at.up, down: at.down, limit: edgeLimit };
  const { value, problem, answers } = useLoad(JSON.stringify(query), api.neighbourhood(query), polling(at));
  const hop = (up: number, down: number) => go({ ...at, up: clamp(at.up + up), down: clamp(at.down + down) });
  useKeys({ u: () => hop(1, 0), U: () => hop(-1, 0), d: () => hop(0, 1), D: () => hop(0, -1), Escape: () => at.edge && go({ ...at, edge: '' }) });
  const edge = value?.edges.find((e) => edgeKey(value, e) === at.edge);
  return (
    <>
      <Title at={at} graph={value} unseen={problem?.status === 404} />
      {problem && (problem.status === 404 ? <Unseen at={at} /> : <ProblemNote problem={problem} />)}
      {problem?.status !== 404 && <div class="split neighbourhood">
        <section aria-label="Neighbourhood">
          <Hops at={at} hop={hop} graph={value} />
          {value ? <Neighbours at={at} graph={value} /> : !problem && <Waiting rows={6} />}
        </section>
        {at.edge !== '' && value && edge
          ? <EdgePanel at={at} graph={value} edge={edge} />
          : <OperationList at={at} lost={at.edge !== '' && value !== undefined} />}
        {value && value.edges.length > 0 && <EdgeTable at={at} graph={value} answers={answers} />}
      </div>}
    </>
  );
}

const clamp = (hops: number): number => Math.min(maxHops, Math.max(0, hops));

function Title({ at, graph, unseen }: { at: Focus; graph: GraphData | undefined; unseen: boolean }) {
  const chains = { nodeEnvironment: at.nodeEnvironment, service: at.service, namespace: at.namespace, operation: at.operation };
  const node = graph?.nodes[middleOf(graph, at)];
  return (
    <div class="overview">
      <h1>
        {at.operation ? <><a href={toFocus(nodeOf(at))}><bdi>{at.service}</bdi></a> <bdi class="operation">{at.operation}</bdi></> : <bdi>{at.service}</bdi>}
      </h1>
      <p>
        {at.nodeEnvironment && <>in <b><bdi>{at.nodeEnvironment}</bdi></b>: </>}
        {node ? <Incoming node={node} failing={toSearch({ ...chains, outcome: 'failed' })} /> : '\u00a0'}
        {!unseen && <> · <a href={toSearch(chains)}>its chains</a></>}
      </p>
    </div>
  );
}

function Incoming({ node, failing }: { node: Node; failing: string }) {
  const failed = node.errors > 0
    ? <a class="bad" href={failing} title="The chains that failed"><b class="bad">{percent(node.errors, node.calls)}</b></a>
    : <b>{percent(node.errors, node.calls)}</b>;
  const often = frequency(node);
  return <><b>{often}</b>{/call/.test(often) ? ' came in' : ' calls come in'}{node.calls > 0 && <>, {failed} of them fail</>}</>;
}

function Unseen({ at }: { at: Focus }) {
  return (
    <Empty title={`No calls of it ${during(at.from, at.to, now.value)}.`}>
      <p>It may have another name or environment, or have been called earlier: <button type="button" class="link" onClick={() => go({ ...at, from: '-168h', to: '' })}>look at the last 7 days</button>.</p>
    </Empty>
  );
}

function Hops({ at, hop, graph }: { at: Focus; hop: (up: number, down: number) => void; graph: GraphData | undefined }) {
  const stepper = (name: string, n: number, change: (by: number) => void, key: string) => (
    <span class="stepper" role="group" aria-label={name}>
      <button type="button" onClick={() => change(-1)} disabled={n === 0} aria-label={`Fewer ${name}`} title={`Shift+${key}`}>−</button>
      <output>{plural(n, 'hop')} of {name}</output>
      <button type="button" onClick={() => change(1)} disabled={n === maxHops} aria-label={`More ${name}`} title={key}>+</button>
    </span>
  );
  return (
    <p class="bar">
      {stepper('callers', at.up, (by) => hop(by, 0), 'u')}
      {stepper('callees', at.down, (by) => hop(0, by), 'd')}
      {graph?.truncated && <span class="quiet">The busiest {graph.edges.length} of {count(graph.total)} edges.</span>}
    </p>
  );
}

/** middleOf the picture is what the page is about: the one that sends spans, where a peer has the same name. */
function middleOf({ nodes }: GraphData, { service, operation }: Focus): number {
  const is = (n: Node) => n.hop === 0 && n.service === service && (n.operation ?? '') === operation;
  const observed = nodes.findIndex((n) => is(n) && n.kind === 'observed');
  return observed >= 0 ? observed : nodes.findIndex((n) => is(n) && linkable(n));
}

function Neighbours({ at, graph }: { at: Focus; graph: GraphData }) {
  const first = Math.min(0, ...graph.nodes.map((n) => n.hop));
  const column = useMemo(() => graph.nodes.map((n) => n.hop - first), [graph]);
  const middle = middleOf(graph, at);
  const keep = { up: at.up, down: at.down };
  const href = (n: Node) => (n === graph.nodes[middle] ? format(at) : toFocus(n, keep));
  return (
    <>
      <Graph key={keyOf(at.service, at.operation, String(at.up), String(at.down))} graph={graph} column={column} focus={middle} chosen={at.edge}
        name={`Callers and callees of ${at.service} ${at.operation}`} href={href} onEdge={(edge) => go({ ...at, edge })} />
      {graph.edges.length === 0 && <p class="quiet">Nothing calls it and it calls nothing within this many hops.</p>}
    </>
  );
}

function OperationList({ at, lost }: { at: Focus; lost: boolean }) {
  const query = { ...windowQuery(at), service: at.service, namespace: at.namespace, limit: 200 };
  const { value, problem, answers } = useLoad(JSON.stringify(query), api.operations(query), polling(at));
  const [inside, hover] = useHover();
  const rows = useSteady(answers, value?.operations ?? [], (o) => o.operation, inside);
  const name: Column<OperationFigures> = {
    id: 'operation', head: 'Operation', by: (o) => o.operation,
    cell: (o) => <a href={toFocus(o, { up: at.up, down: at.down })} aria-current={o.operation === at.operation ? 'true' : undefined}><bdi class="cut" title={o.operation}>{o.operation || '(no name)'}</bdi></a>,
  };
  return (
    <section class="side" aria-labelledby="operations-title" {...hover}>
      <h2 id="operations-title">Its operations {at.operation && <a class="more" href={toFocus(nodeOf(at), { up: at.up, down: at.down })}>whole service</a>}</h2>
      {lost && <p class="quiet">The edge of this link has had no calls in the window.</p>}
      {problem && problem.status !== 404 && <ProblemNote problem={problem} />}
      {!value && !problem && <Waiting rows={4} />}
      {value && rows.length === 0 && <Empty title="None was called." />}
      {rows.length > 0 && <Table caption="Operations" columns={[name, ...figureColumns.filter((c) => c.id !== 'p50' && c.id !== 'soft')]} rows={rows} keyOf={(o) => o.operation} marked={at.operation || undefined}
        onRow={(o) => go(focusOn(o, { up: at.up, down: at.down }))} />}
      {value?.truncated && <p class="quiet">The busiest {count(rows.length)} of {count(value.total)}.</p>}
      <p class="quiet">Choose an edge to see its latency and its chains.</p>
    </section>
  );
}

/** Line is an edge with its ends, so that it means the same in another answer too. */
interface Line extends Edge { key: string; from: Node; to: Node }

const lineOf = (graph: GraphData, e: Edge): Line => ({ ...e, key: edgeKey(graph, e), from: graph.nodes[e.caller]!, to: graph.nodes[e.callee]! });

function EdgeTable({ at, graph, answers }: { at: Focus; graph: GraphData; answers: string }) {
  const [inside, hover] = useHover();
  const byRate = useMemo(() => graph.edges.map((e) => lineOf(graph, e)).sort((a, b) => b.rate - a.rate), [graph]);
  const rows = useSteady(answers, byRate, (e) => e.key, inside);
  const name = (end: Node) => (end.kind === 'outside' || end.kind === 'unknown' ? <em>{nodeName(end)}</em> : <Name at={end} />);
  const text = (end: Node) => nodeName(end) + (end.operation ?? '');
  const choose = (e: Line) => go({ ...at, edge: e.key });
  const columns: Column<Line>[] = [
    {
      id: 'caller', head: 'Caller', by: (e) => text(e.from),
      cell: (e) => <><button type="button" class="link plain" onClick={() => choose(e)} aria-label={`Edge from ${text(e.from)} to ${text(e.to)}`}>{name(e.from)}</button><span class="callee" aria-hidden="true">→ {name(e.to)}</span></>,
    },
    { id: 'callee', head: 'Callee', by: (e) => text(e.to), cell: (e) => name(e.to) },
    { id: 'by', head: 'By', by: (e) => e.connection, cell: (e) => `${connectionWord[e.connection] ?? e.connection}${e.indirect ? ', indirect' : ''}` },
    { id: 'strength', head: 'Strength', meaning: 'Whether the calls after it are made when it fails', by: (e) => strengthRank(e.strength), cell: (e) => (e.strength && e.strength !== 'unknown' ? <StrengthWord strength={e.strength} /> : <span class="quiet">–</span>) },
    { id: 'rate', head: 'Calls', number: true, by: (e) => e.rate, cell: (e) => frequency(e) },
    { id: 'errors', head: 'Errors', number: true, by: (e) => e.errors / (e.calls || 1), cell: (e) => <Share part={e.errors} whole={e.calls} kind="bad" /> },
    { id: 'soft', head: 'Soft', meaning: 'Soft errors', number: true, by: (e) => softCalls(e) / (e.calls || 1), cell: (e) => <Share part={softCalls(e)} whole={e.calls} kind="soft" /> },
    { id: 'p50', head: 'p50', number: true, by: (e) => latencyOf(e)?.p50 ?? -1, cell: (e) => duration(latencyOf(e)?.p50) },
    { id: 'p95', head: 'p95', number: true, by: (e) => latencyOf(e)?.p95 ?? -1, cell: (e) => duration(latencyOf(e)?.p95) },
    { id: 'p99', head: 'p99', number: true, by: (e) => latencyOf(e)?.p99 ?? -1, cell: (e) => duration(latencyOf(e)?.p99) },
  ];
  return (
    <section class="edges" aria-labelledby="edges-title" {...hover}>
      <h2 id="edges-title">All edges <small>{plural(graph.edges.length, 'edge')} in the picture</small></h2>
      <Table caption="All edges in the picture" columns={columns} rows={rows} keyOf={(e) => e.key} onRow={choose} sort={at.sort || '-rate'} onSort={(sort) => put({ ...at, sort })} marked={at.edge} />
    </section>
  );
}

