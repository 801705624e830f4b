// A graph in columns: callers left of those they call. Nodes are links, so
// that they can be reached, opened elsewhere and read aloud; edges are curves
// behind them, their figures are in a table too.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Edge, Graph as GraphData, Node } from './api.ts';
import { type Box, type Curve, type Point, along, columns as columnsOf, labels, lanes, path, route } from './layout.ts';
import { place } from './place.ts';
import { duration, frequency, percent, shortOperation } from './format.ts';
import { idle, useKeys } from './keys.ts';
import { keyOf } from './route.ts';
import { useWidth } from './load.ts';
import { fullName, kindMeaning, linkable, nodeName, softCalls } from './words.ts';

export const nodeKey = (n: Node): string => keyOf(n.environment, n.namespace, n.service, n.operation ?? '', n.kind);
export const edgeKey = (g: GraphData, e: Edge): string => `${nodeKey(g.nodes[e.caller]!)},${nodeKey(g.nodes[e.callee]!)},${e.connection}${e.indirect ? ',indirect' : ''}`;
export const latencyOf = (e: Edge) => e.clientSeconds ?? e.serverSeconds;

interface Props {
  graph: GraphData;
  column: number[]; // of each node
  name: string;
  focus?: number; // index of the node in the middle
  chosen?: string; // key of the edge that is chosen
  onEdge: (key: string) => void;
  href: (node: Node) => string;
}

export function Graph({ graph, column, name, focus = -1, chosen = '', onEdge, href }: Props) {
  const [frame, width] = useWidth(Math.min(innerWidth, 1440) - 48);
  const [over, setOver] = useState('');
  const before = useRef<string[][]>([]);
  const names = useMemo(() => graph.nodes.map(nodeKey), [graph]);
  const placed = useMemo(() => {
    const all = lanes(names, column, graph.edges);
    before.current = columnsOf(all.names, all.column, all.links, before.current);
    return { ...place(before.current, names, width), lanes: all.of };
  }, [graph, column, width]);
  useMiddle(frame, placed.boxes[focus]);
  useFirst(frame, focus >= 0);
  const curves = useMemo(() => graph.edges.map((e, i) => route(placed.boxes[e.caller]!, placed.lanes[i]!.map((lane) => placed.at.get(lane)!), placed.boxes[e.callee]!)), [placed]);
  const keys = useMemo(() => graph.edges.map((e) => edgeKey(graph, e)), [graph]);
  const lit = (e: Edge, i: number) => keys[i] === chosen || keys[i] === over || names[e.caller] === over || names[e.callee] === over;
  const shownLabels = useMemo(() => labelled(graph.edges, curves, placed.boxes, (e, i) => lit(e, i)), [curves, over, chosen]);
  return (
    <>
    <div class={`graph${placed.width > width ? ' wider' : ''}`} ref={frame} role="group" aria-label={name} onKeyDown={walk}>
      <div class="canvas" style={{ width: `${placed.width}px`, height: `${placed.height}px` }}>
        <svg width={placed.width} height={placed.height} aria-hidden="true">
          <defs><marker id="head" viewBox="0 0 6 6" refX="5.5" refY="3" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L6 3L0 6z" /></marker></defs>
          {graph.edges.map((e, i) => (
            <EdgeCurve key={keys[i]} edge={e} curve={curves[i]!} lit={lit(e, i)} dim={over !== '' && !lit(e, i)} chosen={keys[i] === chosen}
              virtual={graph.nodes[e.callee]!.kind === 'virtual'} onOver={(on) => setOver(on ? keys[i]! : '')} onChoose={() => onEdge(keys[i]!)} />
          ))}
          {graph.edges.map((e, i) => shownLabels[i] && <EdgeLabel key={keys[i]} shown={shownLabels[i]!} lit={lit(e, i)} />)}
        </svg>
        {graph.nodes.map((node, i) => (
          <NodeBox key={names[i]} node={node} box={placed.boxes[i]!} href={href(node)} focused={i === focus} column={column[i]!} onOver={(on) => setOver(on ? names[i]! : '')} />
        ))}
      </div>
    </div>
    <p class="sideways" aria-hidden="true">scroll →</p>
    </>
  );
}

/** useFirst lets arrows enter the graph; the node in focus has the keyboard at once, where nothing else has. */
function useFirst(frame: { current: HTMLDivElement | null }, focused: boolean): void {
  const enter = () => {
    if (!idle()) return;
    const nodes = [...(frame.current?.querySelectorAll<HTMLElement>('a.node') ?? [])];
    const leftmost = nodes.sort((a, b) => Number(a.dataset.column) - Number(b.dataset.column) || a.offsetTop - b.offsetTop)[0];
    (nodes.find((n) => n.classList.contains('focused')) ?? leftmost)?.focus();
  };
  useEffect(() => {
    if (focused && idle()) frame.current?.querySelector<HTMLElement>('a.node.focused')?.focus({ preventScroll: true });
  }, []);
  useKeys({ ArrowUp: enter, ArrowDown: enter, ArrowLeft: enter, ArrowRight: enter });
}

/** useMiddle scrolls to what is in focus, where not all is seen. */
function useMiddle(frame: { current: HTMLDivElement | null }, box: Box | undefined): void {
  const x = box && box.x + box.width / 2;
  useLayoutEffect(() => {
    if (frame.current && x !== undefined) frame.current.scrollLeft = x - frame.current.clientWidth / 2;
  }, [x]);
}

interface Label { text: string; tone: string }

/** figures of an edge: rate, what failed, p95. Where there is no room for all, what failed is told alone. */
function figures(e: Edge): Label[] {
  const soft = softCalls(e);
  const latency = latencyOf(e);
  return [
    { text: frequency(e), tone: '' },
    ...(e.errors > 0 ? [{ text: `✕ ${percent(e.errors, e.calls)}`, tone: 'bad' }] : []),
    ...(soft > 0 ? [{ text: `▲ ${percent(soft, e.calls)}`, tone: 'soft' }] : []),
    ...(latency ? [{ text: duration(latency.p95), tone: '' }] : []),
  ];
}

const widthOf = (label: Label[]): number => label.reduce((sum, { text }) => sum + text.length + 3, -3) * 6 + 6;

interface Shown { at: Point; label: Label[] }

/** labelled gives lit edges their label first, then the busiest; the others where there is room. */
function labelled(edges: Edge[], curves: Curve[][], boxes: Box[], lit: (e: Edge, i: number) => boolean): (Shown | null)[] {
  const order = edges.map((_, i) => i).sort((a, b) => Number(lit(edges[b]!, b)) - Number(lit(edges[a]!, a)) || edges[b]!.rate - edges[a]!.rate || a - b);
  const shown: (Shown | null)[] = new Array(edges.length).fill(null);
  const taken = [...boxes];
  const tell = (which: number[], labelOf: (e: Edge) => Label[]) => {
    const wanted = which.map((i) => labelOf(edges[i]!));
    labels(which.map((i) => curves[i]!), wanted.map(widthOf), taken).forEach((at, k) => {
      if (!at) return;
      shown[which[k]!] = { at, label: wanted[k]! };
      taken.push({ x: at.x - widthOf(wanted[k]!) / 2, y: at.y - 8, width: widthOf(wanted[k]!), height: 16 });
    });
  };
  tell(order, figures);
  tell(order.filter((i) => !shown[i] && figures(edges[i]!).some((f) => f.tone)), (e) => figures(e).filter((f) => f.tone));
  edges.forEach((e, i) => {
    if (!shown[i] && lit(e, i)) shown[i] = { at: along(curves[i]![0]!, 0.5), label: figures(e) };
  });
  return shown;
}

interface CurveProps {
  edge: Edge; curve: Curve[]; lit: boolean; dim: boolean; chosen: boolean; virtual: boolean; onOver: (on: boolean) => void; onChoose: () => void;
}

function EdgeCurve({ edge, curve: c, lit, dim, chosen, virtual, onOver, onChoose }: CurveProps) {
  const d = path(c);
  const thick = Math.min(6, Math.max(1.2, 1.6 + Math.log10(Math.max(edge.rate, 0.01)) * 1.2));
  const soft = softCalls(edge);
  return (
    <g class={`edge${lit ? ' lit' : ''}${dim ? ' dim' : ''}${chosen ? ' chosen' : ''}${virtual ? ' virtual' : ''}`}>
      <path class="line" d={d} stroke-width={thick} marker-end="url(#head)" />
      {edge.errors > 0 && <path class="bad" d={d} stroke-width={Math.max(1.5, thick * Math.min(1, edge.errors / edge.calls + 0.25))} />}
      {soft > 0 && <path class="soft" d={d} stroke-width={Math.max(1.5, thick * 0.6)} />}
      <path class="hit" d={d} data-calls={edge.calls} onPointerEnter={() => onOver(true)} onPointerLeave={() => onOver(false)} onClick={onChoose} />
    </g>
  );
}

function EdgeLabel({ shown: { at, label }, lit }: { shown: Shown; lit: boolean }) {
  const width = widthOf(label);
  return (
    <g class="label">
      <rect x={at.x - width / 2} y={at.y - 8} width={width} height={16} rx={3} />
      <text class={lit ? 'lit' : ''} x={at.x} y={at.y} dy="0.32em">
        {label.map(({ text, tone }, i) => <tspan key={i} class={tone}>{i > 0 && ' · '}{text}</tspan>)}
      </text>
    </g>
  );
}

interface NodeProps { node: Node; box: Box; href: string; focused: boolean; column: number; onOver: (on: boolean) => void }

function NodeBox({ node, box, href, focused, column, onOver }: NodeProps) {
  const style = { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` };
  const pointer = { onPointerEnter: () => onOver(true), onPointerLeave: () => onOver(false) };
  const hover = focused ? pointer : { ...pointer, onFocus: () => onOver(true), onBlur: () => onOver(false) }; // the one in focus has the keyboard from the start
  const failing = node.errors > 0 ? `${percent(node.errors, node.calls)} failed` : '';
  const title = [fullName(node), kindMeaning[node.kind], failing].filter(Boolean).join('. ');
  const body = (
    <>
      <bdi class="title">{node.operation ? shortOperation(node.operation, (box.width - 16) / 7.4) : nodeName(node)}</bdi>
      <span class="figures">
        {node.operation ? <bdi class="of">{nodeName(node)}</bdi> : node.kind === 'outside' || node.kind === 'unknown' ? <span>{node.kind === 'outside' ? 'users, jobs' : 'no spans'}</span> : <span>{node.calls > 0 ? frequency(node) : 'only calls'}</span>}
        {node.errors > 0 && <span class="bad"><span aria-hidden="true">✕ {percent(node.errors, node.calls)}</span><span class="hidden">{failing}</span></span>}
      </span>
    </>
  );
  const props = { class: `node ${node.kind}${focused ? ' focused' : ''}`, style, title, 'data-column': column, ...hover };
  return linkable(node) ? <a {...props} href={href} aria-current={focused ? 'true' : undefined}>{body}</a> : <div {...props}>{body}</div>;
}

/** walk moves from node to node with the arrows: along a column, or to the nearest of the next. */
function walk(event: KeyboardEvent): void {
  const here = event.target as HTMLElement;
  if (!event.key.startsWith('Arrow') || !here.classList.contains('node')) return;
  event.preventDefault();
  const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('a.node')];
  const sideways = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
  const sign = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : -1;
  const way = (to: HTMLElement) => sign * (sideways ? Number(to.dataset.column) - Number(here.dataset.column) : to.offsetTop - here.offsetTop);
  const aside = (to: HTMLElement) => (sideways ? Math.abs(to.offsetTop - here.offsetTop) : to.dataset.column === here.dataset.column ? 0 : Infinity);
  const next = all.filter((to) => way(to) > 0 && aside(to) < Infinity).sort((a, b) => way(a) - way(b) || aside(a) - aside(b))[0];
  next?.focus();
}
