// A logical chain: all chains that carry a business key or one linked with it,
// as sections in the order they began, with the waits between them.
import { useMemo, useRef } from 'preact/hooks';
import { type ChainAnswer, type Key, type LinkedKey, type LogicalChain, type Section, api, address, logicalPath } from './api.ts';
import { clock, count, duration, live, plural, stretch } from './format.ts';
import { useLoad, usePages, useWidth } from './load.ts';
import { type KeyRoute, keyOf, maxLinks } from './route.ts';
import { go, now, pollEvery, put, toChain, toKey, windowQuery } from './state.ts';
import { type Run, noticeable, strip } from './strip.ts';
import { opened, treeOf } from './tree.ts';
import { useKeys, useWalk } from './keys.ts';
import { Copy, Empty, KeyName, Name, OutcomeWord, ProblemNote, State, Waiting } from './parts.tsx';
import { SpanTree } from './spantree.tsx';
import { Within } from './search.tsx';
import { happened, originLabel, outcomeWord, tone } from './words.ts';

const page = 50; // sections

export function KeyView({ at }: { at: KeyRoute }) {
  const query = { environment: windowQuery(at).environment, links: String(at.links), limit: page };
  const { pages, problem, busy } = usePages(JSON.stringify(query), (cursor) => api.logicalChain(at, { ...query, cursor }), Math.max(1, at.pages), (shown) => (live(at.to) ? pace(shown) : 0));
  const sections = useMemo(() => distinct(pages), [pages]);
  const link = (by: number) => go({ ...at, links: Math.min(maxLinks, Math.max(0, at.links + by)), pages: 1 });
  useKeys({ l: () => link(1), L: () => link(-1) });
  const [first] = pages;
  const last = pages[pages.length - 1];
  return (
    <>
      {first && last ? <Loaded at={at} first={first} sections={sections} more={last.cursor !== ''} busy={busy} link={link} /> : <h1 class="hidden"><KeyName of={at} /></h1>}
      {problem && (problem.status === 404 && !first ? <Missing at={at} /> : <ProblemNote problem={problem} />)}
      {!first && !problem && <Waiting rows={10} />}
    </>
  );
}

/** pace of asking again: often while the chain goes on, seldom after, or where it costs much. */
const pace = ([first, ...more]: LogicalChain[]): number => (Date.now() - Date.parse(first!.last) < goesOn && more.length < 4 ? pollEvery : slowly);
const goesOn = 15 * 60_000; // ms after its last chain began
const slowly = 60_000;

/** distinct sections: a chain is one even where it came on two pages. */
const distinct = (pages: LogicalChain[]): Section[] => [...new Map(pages.flatMap((p) => p.sections).map((s) => [s.traceId, s])).values()];

function Missing({ at }: { at: KeyRoute }) {
  return (
    <Empty title={`No chain carries ${at.kind} ${at.value}.`}>
      <p>It may be older than what the store holds, or written differently: a key is found by its exact value.{windowQuery(at).environment !== '' && <>{' '}
        Only <b><bdi>{windowQuery(at).environment}</bdi></b> was looked at: <button type="button" class="link" onClick={() => go({ ...at, environment: '', nodeEnvironment: '' })}>look everywhere</button>.</>}</p>
    </Empty>
  );
}

interface Shown { at: KeyRoute; first: LogicalChain; sections: Section[]; more: boolean; busy: boolean; link: (by: number) => void }

function Loaded({ at, first, sections, more, busy, link }: Shown) {
  const list = useRef<HTMLOListElement>(null);
  useWalk(list, 'a.section-link');
  const reveal = (i: number) => list.current?.querySelectorAll<HTMLElement>('a.section-link')[i]?.focus();
  const least = noticeable(sections.map((s) => s.wait ?? 0), (Date.parse(first.last) - Date.parse(first.first)) / 1000);
  const slowest = Math.max(...sections.map((s) => s.chain?.duration ?? 0), 0);
  return (
    <>
      <Head at={at} logical={first} state={more ? undefined : stateOf(first.key, sections)} />
      <Linked at={at} linked={first.linked} link={link} />
      {first.notes.map((note) => <p key={note} class="quiet note">{note}</p>)}
      {sections.length === 0 && <Empty title="No chain of it is kept any more." />}
      {sections.length > 0 && <Strip sections={sections} reveal={reveal} total={first.traces} more={more} />}
      <ol class={`list sections${busy ? ' busy' : ''}`} ref={list} aria-label="Chains in the order they began">
        {sections.map((section) => <SectionRow key={section.traceId} at={at} own={first.key} section={section} slowest={slowest} least={least} />)}
      </ol>
      {more && <p class="more-row"><button type="button" disabled={busy} onClick={() => put({ ...at, pages: at.pages + 1 })}>Later chains</button> <span class="quiet">{count(sections.length)} of {about(first)}</span></p>}
    </>
  );
}

const about = (l: LogicalChain): string => (l.tracesExact ? '' : 'at most ') + count(l.traces);

/** stateOf a key is what the last of its chains says that says anything. */
export function stateOf({ kind, value }: Key, sections: Section[]): { state: string; at: string } | undefined {
  const telling = sections.filter((s) => s.keys.some((k) => k.kind === kind && k.value === value) && s.states.some((t) => t.kind === kind));
  const last = telling[telling.length - 1];
  return last && { state: last.states.find((t) => t.kind === kind)!.state, at: last.start };
}

function Head({ at, logical, state }: { at: KeyRoute; logical: LogicalChain; state: { state: string; at: string } | undefined }) {
  const { key, others, first, last, traces } = logical;
  const exported = `jcg export --key ${quoted(`${key.kind}=${key.value}`)}${key.environment && ` --environment ${quoted(key.environment)}`} -o chain.jsonl`;
  const spans = address(`${logicalPath(key)}/spans`, { environment: key.environment, links: String(at.links), limit: 200 });
  return (
    <div class="head">
      <h1><KeyName of={key} />{key.environment && <small class="quiet"> in <bdi>{key.environment}</bdi></small>}</h1>
      <dl class="facts">
        {state && <div title={`As the chain of ${toSecond(state.at)} says: attribute ${key.kind}.state or ${key.kind}.status of its spans`}><dt>State</dt><dd><b><bdi>{state.state}</bdi></b></dd></div>}
        <div><dt>Chains</dt><dd>{about(logical)}</dd></div>
        <div><dt>First</dt><dd><time dateTime={first}>{toSecond(first)}</time></dd></div>
        {traces > 1 && <div><dt>Last</dt><dd><time dateTime={last}>{toSecond(last)}</time> <span class="quiet">({stretch(first, last)} later)</span></dd></div>}
        {others.length > 0 && <div><dt>Also in</dt><dd>{others.map((o) => <a key={o.environment} class="keychip" href={toKey(o)}><bdi>{o.environment || 'no environment'}</bdi></a>)}</dd></div>}
        <div><dt>Export</dt><dd><a class="link" href={spans} download={`${key.kind}.json`}>{traces > 200 ? 'the first 200 chains' : 'spans'} as OTLP JSON</a></dd></div>
        {traces > 200 && <div class="trace"><dt>All of them</dt><dd><code><bdi>{exported}</bdi></code> <Copy text={exported} what="the command" /></dd></div>}
      </dl>
    </div>
  );
}

/** quoted for a shell: what a business key holds may be anything. */
const quoted = (text: string): string => (/^[\w.:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

const whyNot: Record<LinkedKey['whyNot'], (links: number) => string> = {
  '': () => '', hub: (n) => `not followed: ${n > 20 ? 'more than 20' : count(n)} links`, depth: () => 'not followed: too many steps away', limit: () => 'not followed: 16 keys are',
};

/** Linked are the keys that share chains with this one; those not followed say why. */
function Linked({ at, linked, link }: { at: KeyRoute; linked: LinkedKey[]; link: (by: number) => void }) {
  if (linked.length === 0 && at.links > 0) return null;
  return (
    <div class="linked">
      <h2>Linked keys</h2>
      <span class="stepper" role="group" aria-label="links followed">
        <button type="button" onClick={() => link(-1)} disabled={at.links === 0} aria-label="Follow fewer links" title="Shift+l">−</button>
        <output>{plural(at.links, 'step')} followed</output>
        <button type="button" onClick={() => link(1)} disabled={at.links === maxLinks} aria-label="Follow more links" title="l">+</button>
      </span>
      <ul>{linked.map(({ key, followed, links, whyNot: why }) => (
        <li key={keyOf(key.environment, key.kind, key.value)}><a class={`keychip${followed ? '' : ' aside'}`} href={toKey(key)}><KeyName of={key} /></a>{!followed && <span class="quiet">{whyNot[why](links)}</span>}</li>
      ))}</ul>
    </div>
  );
}

const toSecond = (time: string): string => clock(time, now.value).replace(/\.\d+$/, '');

const waitRoom = 110; // pixels of a wait's text, and as much for what it divides
const laneHeight = 9;

/** Strip shows at a glance when something happened and how long nothing did. The list below says the same. */
function Strip({ sections, reveal, total, more }: { sections: Section[]; reveal: (i: number) => void; total: number; more: boolean }) {
  const [frame, width] = useWidth(Math.min(innerWidth, 1680) - 48);
  const waits = Math.max(1, Math.min(7, Math.floor(width / waitRoom) - 1));
  const parts = useMemo(() => strip(sections.map(stretchOf), waits), [sections, waits]);
  const runs = parts.filter((p): p is Run => p.kind === 'run');
  const short = runs[runs.length - 1]!.end - runs[0]!.start < 60;
  const end = (at: number) => (short ? clock(moment(at), now.value) : toSecond(moment(at)));
  const lanes = Math.max(...runs.map((r) => r.lanes));
  const told = `${plural(sections.length, 'chain')} ${runs.length > 1 ? `in ${plural(runs.length, 'run')}, with waits of ${parts.map((p) => (p.kind === 'wait' ? duration(p.seconds) : '')).filter(Boolean).join(', ')}` : 'one after the other'}`;
  return (
    <div class="strip" ref={frame} role="img" aria-label={told}>
      <div class="line" aria-hidden="true">
        {parts.map((part, i) => (part.kind === 'wait'
          ? <span key={i} class="gap">{duration(part.seconds)}</span>
          : <span key={i} class="run" style={{ flexGrow: part.share, height: `${lanes * laneHeight + 2}px` }} title={`from ${toSecond(moment(part.start))} for ${duration(part.end - part.start)}`}>
            {part.marks.map((m) => <MarkOf key={m.item} section={sections[m.item]!} left={m.left} width={m.width} lane={m.lane} onPress={() => reveal(m.item)} />)}
          </span>))}
        {more && <span class="gap open">{count(Math.max(1, total - sections.length))} later</span>}
      </div>
      <div class="ends-of" aria-hidden="true"><span>{end(runs[0]!.start)}</span><span>{end(runs[runs.length - 1]!.end)}</span></div>
      <Legend looks={new Set(sections.map(looksOf))} />
    </div>
  );
}

const moment = (seconds: number): string => new Date(seconds * 1000).toISOString();

const stretchOf = ({ start, chain }: Section) => {
  const from = Date.parse(start) / 1000;
  return { start: from, end: from + (chain?.duration ?? 0) };
};

function MarkOf({ section, left, width, lane, onPress }: { section: Section; left: number; width: number; lane: number; onPress: () => void }) {
  const { chain } = section;
  const looks = looksOf(section);
  return <i class={looks} style={{ left: `${100 * left}%`, width: `max(3px, ${100 * width}%)`, top: `${lane * laneHeight + 1}px` }} onClick={onPress}
    title={chain ? `${chain.entrance.service} ${chain.entrance.operation}: ${outcomeWord[chain.outcome]}${looks === 'soft' && chain.outcome !== 'soft_error' ? ', something failed inside' : ''}` : 'its spans are not kept any more'} />;
}

/** looksOf a chain: in one that ended well something may have failed that was handled, or its business. */
export function looksOf({ chain }: Pick<Section, 'chain'>): string {
  if (!chain) return 'missing';
  return tone(chain.outcome) === 'fine' && chain.softErrors + chain.failedSpans > 0 ? 'soft' : tone(chain.outcome);
}

const meanings: [string, string][] = [
  ['bad', '✕ failed'], ['soft', '▲ soft error, or ended well though something inside failed'], ['other', '⊘ rejected or cancelled'], ['fine', '✓ ended well'], ['missing', 'spans not kept any more'],
];

/** Legend of the marks; without it nothing but the usual is seen. */
function Legend({ looks }: { looks: Set<string> }) {
  if (looks.size === 1 && looks.has('fine')) return null;
  return <p class="marks-legend" aria-hidden="true">{meanings.filter(([name]) => looks.has(name)).map(([name, meaning]) => <span key={name}><i class={name} />{meaning}</span>)}</p>;
}

interface RowProps { at: KeyRoute; own: Key; section: Section; slowest: number; least: number }

function SectionRow({ at, own, section, slowest, least }: RowProps) {
  const { wait, chain, traceId } = section;
  const isOpen = at.open === traceId;
  const body = `section-${traceId}`;
  const toggle = () => put({ ...at, open: isOpen ? '' : traceId, span: '', closed: [] });
  return (
    <>
      {wait !== null && wait >= least && <li class="wait">waited {duration(wait)}</li>}
      <li class={`section${isOpen ? ' open' : ''}`}>
        <div class="section-head">
          {chain && <button type="button" class="icon caret-of" aria-expanded={isOpen} aria-controls={body} aria-label={`${isOpen ? 'Close' : 'Open'} chain ${section.shortId}`} onClick={toggle}>{isOpen ? '▾' : '▸'}</button>}
          <time class="when" dateTime={section.start}>{clock(section.start, now.value)}</time>
          {chain ? <Summary own={own} section={section} chain={chain} slowest={slowest} /> : <p class="what quiet">Chain <code>{section.shortId}</code>: its spans are not kept any more</p>}
        </div>
        {isOpen && chain && <div id={body} class="section-body"><SectionTree at={at} id={traceId} spans={chain.spans} /></div>}
      </li>
    </>
  );
}

function Summary({ own, section, chain, slowest }: { own: Key; section: Section; chain: NonNullable<Section['chain']>; slowest: number }) {
  const { origin } = chain;
  return (
    <>
      <div class="what">
        <div class="name-and-keys"><a class="section-link" href={toChain(section.traceId, origin?.spanId)}><Name at={chain.entrance} /></a>{section.states.map((t) => <State key={t.kind} of={t} own={own.kind} />)}<Others own={own} keys={section.keys} /></div>
        {origin && <p class="reason" title={happened(origin)}><b class={tone(origin.outcome) === 'soft' ? 'soft' : 'bad'}>{originLabel(origin)}</b> <bdi>{origin.service} {origin.operation}</bdi> {happened(origin)}</p>}
      </div>
      <span class="end"><OutcomeWord outcome={chain.outcome} /><Within chain={chain} /></span>
      <span class="size quiet">{plural(chain.spans, 'span')} in {plural(chain.serviceCount, 'service')}{chain.partial && ', partial'}{section.wait !== null && section.wait < 0 && <span class="beside" title={`It began ${duration(-section.wait)} before one above had ended: there is no wait between them`}>began while one above ran</span>}</span>
      <span class="took">{duration(chain.duration)}<i style={{ width: `${slowest > 0 ? (100 * chain.duration) / slowest : 0}%` }} /></span>
    </>
  );
}

/** Others are the keys of a section besides the page's own. */
function Others({ own, keys }: { own: Key; keys: Key[] }) {
  const others = keys.filter((k) => k.kind !== own.kind || k.value !== own.value);
  if (others.length === 0) return null;
  return <ul class="chips" aria-label="Other keys of this chain">{others.map((k) => <li key={keyOf(k.environment, k.kind, k.value)}><a class="keychip" href={toKey(k)}><KeyName of={k} /></a></li>)}</ul>;
}

/** SectionTree is asked for again when more spans have come. */
function SectionTree({ at, id, spans }: { at: KeyRoute; id: string; spans: number }) {
  const { value, problem } = useLoad(id, api.chain(id), 0, spans);
  if (problem) return <ProblemNote problem={problem} />;
  return value ? <OpenTree at={at} answer={value} /> : <Waiting rows={6} />;
}

function OpenTree({ at, answer: { chain } }: { at: KeyRoute; answer: ChainAnswer }) {
  const tree = useMemo(() => treeOf(chain.spans, chain.origins.map((o) => o.span)), [chain]);
  const closed = useMemo(() => new Set(at.closed), [at.closed.join()]);
  const wanted = tree.keys.indexOf(at.span);
  const chosen = wanted >= 0 ? wanted : (chain.origins[0]?.span ?? 0);
  const choose = (span: number) => put({ ...at, span: tree.keys[span]!, closed: [...opened(tree, closed, span)] });
  return (
    <>
      <SpanTree chain={chain} tree={tree} closed={closed} chosen={chosen} onlyTroubled={false} onChoose={choose} onClose={(next) => put({ ...at, closed: [...next] })} />
      <p class="quiet">Choose a span, then <a href={toChain(chain.summary.traceId, tree.keys[chosen])}>open the chain there</a> for all that is stored of it.</p>
    </>
  );
}

/** Keys of a chain lead to the logical chains that it is part of. */
export function Keys({ of }: { of: Key[] }) {
  return <>{of.map((k) => <a key={keyOf(k.environment, k.kind, k.value)} class="keychip" href={toKey(k)}><KeyName of={k} /></a>)}</>;
}
