// All that is stored of a span; what explains a failure comes first.
import type { ComponentChildren } from 'preact';
import { type Attribute, type Chain, type Service, type Span, type SpanDetail, type Spans, api } from './api.ts';
import { clock, duration } from './format.ts';
import { useLoad } from './load.ts';
import { now, toChain, toFocus } from './state.ts';
import { type Tree, waiterOf } from './tree.ts';
import { Copy, OutcomeWord, ProblemNote, StrengthWord, Waiting } from './parts.tsx';
import { strengthMeaning } from './strengthwords.ts';

export function SpanPanel({ chain, tree, chosen, onChoose, onEvidence }: { chain: Chain; tree: Tree; chosen: number; onChoose: (span: number) => void; onEvidence: (span: number) => void }) {
  const span = tree.spans[chosen];
  const id = chain.summary.traceId;
  const { value, problem, fresh } = useLoad(span ? `${id}/${span.id}` : null, api.spans(id, span?.id ?? ''));
  if (!span) return <section class="side" aria-label="Span" />;
  const origin = chain.origins.find((o) => o.span === chosen);
  const waiter = origin ? waiterOf(tree, origin.failure) : -1;
  const service = chain.services[span.service];
  const detail = detailOf(value, span, service);
  return (
    <section class="side span" aria-labelledby="span-title" aria-busy={!fresh}>
      <h2 id="span-title"><bdi>{span.operation || '(no name)'}</bdi></h2>
      <p class="under">
        {service && <a href={toFocus({ ...service, operation: '' })}><bdi>{service.service}</bdi></a>} <OutcomeWord outcome={span.outcome} />
        <span class="quiet">{duration(span.duration)}, began at {duration(span.start)}{span.spanKind && `, ${span.spanKind}`}</span>
      </p>
      {waiter >= 0 && <Waiter key={tree.keys[waiter]} chain={chain} tree={tree} waiter={waiter} onChoose={onChoose} />}
      {span.strength && <p class="under"><StrengthWord strength={span.strength} source={span.strengthSource} /> <span class="quiet">{span.strength === 'unknown' ? 'dependency' : strengthMeaning[span.strength]}</span>
        {span.dependency && <button type="button" class="link" onClick={() => onEvidence(chosen)} title="s">{span.strength === 'unknown' ? 'why?' : 'evidence'}</button>}</p>}
      {problem && <ProblemNote problem={problem} />}
      {!detail && !problem && <Waiting rows={6} />}
      {detail && <Detail span={detail} stale={!fresh} />}
    </section>
  );
}

/** detailOf a span; both halves of a call may have one ID. */
const detailOf = (all: Spans | undefined, span: Span, service: Service | undefined): SpanDetail | undefined =>
  all?.spans.find((d) => d.spanKind === span.spanKind && d.service === service?.service) ?? all?.spans[0];

/** Waiter gave up on a span that says nothing of it itself. */
function Waiter({ chain, tree, waiter, onChoose }: { chain: Chain; tree: Tree; waiter: number; onChoose: (span: number) => void }) {
  const span = tree.spans[waiter]!;
  const service = chain.services[span.service];
  const id = chain.summary.traceId;
  const { value } = useLoad(`${id}/${span.id}`, api.spans(id, span.id));
  return (
    <div class="waiter">
      <p>Still running when <button type="button" class="link" onClick={() => onChoose(waiter)}><b><bdi>{service?.service}</bdi></b> <bdi>{span.operation}</bdi></button> gave up after {duration(span.duration)}</p>
      {detailOf(value, span, service)?.exceptions.map((e, i) => <Exception key={i} {...e} />)}
    </div>
  );
}

/** Why says what decided on the outcome, with its value. */
function Why({ span: { source, status, statusMessage, attributes } }: { span: SpanDetail }) {
  const decided = attributes.find((a) => a.key === source.replace(/ \(.*/, ''));
  const told = source === 'status' ? `its status${statusMessage ? '' : ` is ${status || 'error'} and gives no reason`}` : decided ? '' : source;
  return (
    <Part title="Why this outcome">
      {statusMessage && <p><bdi>{statusMessage}</bdi></p>}
      {decided && <p><code><bdi>{breakable(decided.key)}</bdi></code> = <bdi>{decided.value === '' ? '""' : decided.value}</bdi></p>}
      {told && <p class="quiet">{told.replace(/^./, (c) => c.toUpperCase())}</p>}
    </Part>
  );
}

function Detail({ span, stale }: { span: SpanDetail; stale: boolean }) {
  const exceptionEvents = new Set(['exception']);
  const events = span.events.filter((e) => !exceptionEvents.has(e.name) || span.exceptions.length === 0);
  const told = new Set(span.logs.map((l) => l.message));
  const plain = events.filter((e) => !e.attributes.some((a) => told.has(a.value)));
  return (
    <div class={stale ? 'stale' : ''}>
      {span.exceptions.map((e, i) => <Exception key={i} {...e} />)}
      {(span.statusMessage || span.source) && <Why span={span} />}
      {span.logs.length > 0 && (
        <Part title="Log">
          <ul class="logs">{span.logs.map((l, i) => <li key={i}><span class="quiet number">+{duration(l.offset)}</span> <b>{l.severity}</b> <bdi>{l.message}</bdi></li>)}</ul>
        </Part>
      )}
      <Part title="Attributes" none={span.attributes.length === 0}><Pairs of={span.attributes} dropped={span.droppedAttributes} /></Part>
      {plain.length > 0 && <Part title="Events">{plain.map((e, i) => <div key={i} class="event"><p><b><bdi>{e.name}</bdi></b> <span class="quiet">+{duration(e.offset)}</span></p><Pairs of={e.attributes} dropped={e.droppedAttributes} /></div>)}</Part>}
      {span.links.length > 0 && (
        <Part title="Links">
          <ul class="links">{span.links.map((l, i) => <li key={i}><a href={toChain(l.traceId, l.spanId)}><code>{l.shortId}</code> chain</a><Pairs of={l.attributes} dropped={0} /></li>)}</ul>
        </Part>
      )}
      <Fold title="Resource" n={span.resource.length}><Pairs of={span.resource} dropped={0} /></Fold>
      <Fold title="Span" n={0}><Pairs of={identity(span)} dropped={0} /></Fold>
    </div>
  );
}

/** identity is what the span is known by elsewhere. */
function identity(s: SpanDetail): Attribute[] {
  const rows: [string, string][] = [
    ['span ID', s.id], ['parent', s.parentId], ['began', clock(s.start, now.value)], ['kind', s.spanKind], ['status', s.status],
    ['scope', [s.scope, s.scopeVersion].filter(Boolean).join(' ')], ['trace state', s.traceState],
    ...s.scopeAttributes.map((a): [string, string] => [`scope ${a.key}`, a.value]),
    ['dropped events', s.droppedEvents ? String(s.droppedEvents) : ''], ['dropped links', s.droppedLinks ? String(s.droppedLinks) : ''],
  ];
  return rows.filter(([, value]) => value !== '').map(([key, value]) => ({ key, value, type: 'string' }));
}

function Exception({ type, message, stack }: SpanDetail['exceptions'][number]) {
  return (
    <Part title="Exception" action={stack && <Copy text={stack} what="the stack" />}>
      <p class="exception"><b><bdi>{type || 'exception'}</bdi></b>{message && <>: <bdi>{message}</bdi></>}</p>
      {stack && <pre class="stack" tabIndex={0} aria-label="Stack">{stack}</pre>}
    </Part>
  );
}

function Part({ title, action, none = false, children }: { title: string; action?: ComponentChildren; none?: boolean; children: ComponentChildren }) {
  return <section class="part"><h3>{title}{action}</h3>{none ? <p class="quiet">None.</p> : children}</section>;
}

function Fold({ title, n, children }: { title: string; n: number; children: ComponentChildren }) {
  return <details class="part"><summary><h3>{title}{n > 0 && <small> {n}</small>}</h3></summary>{children}</details>;
}

/** breakable lets a long key break after its dots. */
const breakable = (key: string): ComponentChildren => key.split(/(?<=[._-])/).flatMap((piece, i) => (i === 0 ? [piece] : [<wbr key={i} />, piece]));

function Pairs({ of, dropped }: { of: Attribute[]; dropped: number }) {
  return (
    <dl class="pairs">
      {of.map((a, i) => <div key={i}><dt><bdi>{breakable(a.key)}</bdi></dt><dd title={a.type}><bdi>{a.value === '' ? '""' : a.value}</bdi></dd></div>)}
      {dropped > 0 && <div><dt class="quiet">dropped</dt><dd>{dropped} more</dd></div>}
    </dl>
  );
}

