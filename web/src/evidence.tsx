// Why a dependency is called strong or weak: in words first, then the numbers,
// what follows it, what gave no evidence, and examples to look at.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Basis, type ClassTally, type ClassVerdict, type Dependency, type DependencyDetail, type Example, type Ratio, type Successor, type Tally, api } from './api.ts';
import { clock, count, percent, plural, rate } from './format.ts';
import { useLoad } from './load.ts';
import { type DependencyRoute, keyOf } from './route.ts';
import { now, toChain, toDependencies, toDependency, toFocus, windowQuery } from './state.ts';
import { Ago, Copy, Empty, Name, ProblemNote, StrengthWord, Waiting } from './parts.tsx';
import { classMeaning, classWord, judgedWords, meaningOf, onScale, ratioMarks, ratioText, reasonWords, strengthMeaning, terms, wentWords } from './strengthwords.ts';
import { beyondPeer, connectionWord, peerName } from './words.ts';

const windowed = () => {
  const { from, to } = windowQuery();
  return { from, to };
};

/** useEvidence of a dependency; calls a second are those of the window. */
const useEvidence = (id: string) => useLoad(JSON.stringify([id, windowed()]), api.dependency(id, windowed()));

export function DependencyView({ at }: { at: DependencyRoute }) {
  const { value, problem, fresh } = useEvidence(at.id);
  return (
    <>
      {!value && <h1 class="hidden">Dependency</h1>}
      {problem && (problem.status === 404 ? <Unknown id={at.id} /> : <ProblemNote problem={problem} />)}
      {!value && !problem && <Waiting rows={10} />}
      {value && problem?.status !== 404 && <Whole detail={value} stale={!fresh} />}
    </>
  );
}

function Unknown({ id }: { id: string }) {
  return (
    <Empty title={`No evidence about dependency ${id} is kept.`}>
      <p>Either nothing has called it in the last days, or its calls were not seen whole. <a href={toDependencies()}>All dependencies</a></p>
    </Empty>
  );
}

/** Ends of a dependency: who calls whom, by name where somebody answered. */
export function Ends({ of: { caller, callee } }: { of: Dependency }) {
  return <><Name at={caller} /> <span class="to"><span class="arrow" aria-hidden="true">→</span><span class="hidden"> calls </span><Far peer={callee.peer || callee.resolved?.service || ''} operation={callee.operation} /></span></>;
}

/** Far end of a call, as its caller names it. */
const Far = ({ peer, operation }: { peer: string; operation: string }) => (
  <span class="name" title={`${peer}: ${operation}`}><bdi class="service">{peerName(peer)}</bdi>{beyondPeer(peer, operation) && <bdi class="operation">{beyondPeer(peer, operation)}</bdi>}</span>
);

function Whole({ detail, stale }: { detail: DependencyDetail; stale: boolean }) {
  const d = detail.dependency;
  return (
    <div class={stale ? 'stale' : ''}>
      <div class="head">
        <h1 class="dependency-title"><Ends of={d} /></h1>
        <Said detail={detail} />
      </div>
      <Facts detail={detail} />
      <div class="evidence">
        <Block title="By class of failure" wide><Classes detail={detail} /></Block>
        {(detail.chainOk.seen > 0 || detail.chainFailed.length > 0) && <Block title="In whole chains" note="what became of the whole request; no part of the verdict"><Chains detail={detail} /></Block>}
        <Successors detail={detail} />
        <Entrances of={d} />
        <Passed passed={detail.passed} />
        <Days detail={detail} />
        <Block title="Examples" note="chains to look at, newest first, three of a class" wide><Examples of={detail.examples} basis={d.basis} /></Block>
        <Terms />
      </div>
    </div>
  );
}

/** Terms that the page uses, for who reads it the first time. */
const Terms = () => (
  <details class="others wide">
    <summary>What the words on this page mean</summary>
    <dl class="pairs terms">{terms.map(([term, meaning]) => <div key={term}><dt>{term}</dt><dd>{meaning}</dd></div>)}</dl>
  </details>
);

/** Said in words: the verdict, what it looks at, where it is from. */
function Said({ detail: { dependency: d, observed, days } }: { detail: DependencyDetail }) {
  return (
    <>
      <p class="verdict-words"><StrengthWord strength={d.strength} source={d.source} /> <span>{d.words || strengthMeaning[d.strength]}</span></p>
      <p class="quiet"><span class="means">{d.strength}</span>: {meaningOf(d.strength, d.basis)} {judgedWords(d, plural(days, 'day'))}</p>
      {observed && <p class="quiet">Observed: <StrengthWord strength={observed.strength} /> {observed.words}</p>}
    </>
  );
}

const sharedEdge = 'Several calls of the caller share the edge; its calls are shared out by theirs.';

function Facts({ detail: { dependency: d, window: _, asOf } }: { detail: DependencyDetail }) {
  return (
    <dl class="facts wide">
      <div title="Calls a second in the window"><dt>Calls</dt><dd title={d.rateFrom === 'shared_edge' ? sharedEdge : undefined}>{d.rateFrom ? rate(d.rate) : 'not known: no edge of it in the window'}{d.rateFrom === 'shared_edge' && <span class="quiet"> about</span>}</dd></div>
      <div title="Requests that come in and end when this call fails"><dt>Can stop</dt><dd>{rate(d.canStop)}{d.stopShare !== null && <span class="quiet"> · {percent(d.stopShare, 1)} of its failures ended {d.stopFrom === 'caller' ? 'its caller' : 'the request'}</span>}</dd></div>
      <div title="In requests that were picked when they began, not kept for a failure"><dt>Successes</dt><dd>{count(d.successes)} <span class="quiet">to compare with</span></dd></div>
      <div><dt>Last failure</dt><dd>{d.last ? <Ago time={d.last} /> : 'none'}</dd></div>
      {d.callee.resolved && <div><dt>Answered by</dt><dd><a href={toFocus(d.callee.resolved)}><Name at={d.callee.resolved} /></a></dd></div>}
      <div><dt>Called by</dt><dd><a href={toFocus(d.caller)}><Name at={d.caller} /></a>{d.callee.connection && <span class="quiet"> {connectionWord[d.callee.connection] ?? d.callee.connection}</span>}</dd></div>
      {asOf && <div><dt>As of</dt><dd>{clock(asOf, now.value).replace(/\.\d+$/, '')}</dd></div>}
    </dl>
  );
}

function Block({ title, note, wide = false, children }: { title: string; note?: string; wide?: boolean; children: ComponentChildren }) {
  return <section class={wide ? 'wide' : ''}><h2>{title}{note && <small>{note}</small>}</h2>{children}</section>;
}

function RatioBar({ ratio }: { ratio: Ratio }) {
  const [low, high] = [onScale(ratio.low), onScale(ratio.high)];
  return (
    <span class="ratio" aria-hidden="true">
      <i class="mark" style={{ left: `${100 * onScale(ratioMarks.strong)}%` }} /><i class="mark" style={{ left: `${100 * onScale(ratioMarks.weak)}%` }} />
      <i class="interval" style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} /><i class="estimate" style={{ left: `${100 * onScale(ratio.estimate)}%` }} />
    </span>
  );
}

/** Scale stands over the bars. */
const Scale = () => <span class="ratio scale" aria-hidden="true">{[0, ratioMarks.strong, ratioMarks.weak, 1].map((r) => <b key={r} style={{ left: `${100 * onScale(r)}%` }}>{r}</b>)}</span>;

const later = (t: ClassTally | undefined): number => t?.wentOnAndFailed ?? 0;

function Classes({ detail, tight = false }: { detail: DependencyDetail; tight?: boolean }) {
  const { classes, basis } = detail.dependency;
  const shown = classes.length > 0 ? classes : (detail.observed?.classes ?? []);
  const went = wentWords[basis].head;
  if (shown.length === 0) return <p class="quiet">No failure was seen whole yet.</p>;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="By class of failure">
        <table class="classes">
          <caption class="hidden">Verdict by class of failure</caption>
          <thead><tr><th scope="col">Class</th><th scope="col">Verdict</th><th scope="col" class="number">Failures</th><th scope="col" class="number">{went}</th>{!tight && <th scope="col"><Scale />Ratio (95 % interval)</th>}</tr></thead>
          <tbody>{shown.map((c) => <ClassRow key={c.class} verdict={c} tally={detail.failed.find((t) => t.class === c.class)} tight={tight} />)}</tbody>
        </table>
      </div>
      {!tight && <RatioLegend unknown={shown.some((c) => c.strength === 'unknown')} />}
    </>
  );
}

/** RatioLegend explains the bars. A verdict needs 95 % on one side of a mark, an interval leaves 2.5 % out at either end. */
const RatioLegend = ({ unknown }: { unknown: boolean }) => (
  <p class="quiet ratio-legend">Ratio: how often it goes on after a failure, divided by how often after a success; 0 is never, 1 is as if nothing had failed. The upright line is the estimate, the grey bar where the ratio lies with 95 %.
    {' '}Below {ratioMarks.strong} with at least 95 % is strong, above {ratioMarks.weak} is weak; the bar leaves 2.5 % out at either end, so it may reach a little over a mark.
    {unknown && <> <b>Unknown</b>: it may still lie on either side of a mark. More failures will tell.</>}</p>
);

function ClassRow({ verdict: { class: name, strength, failures, wentOn, ratio }, tally, tight }: { verdict: ClassVerdict; tally: ClassTally | undefined; tight: boolean }) {
  return (
    <tr>
      <th scope="row" title={classMeaning[name]}>{classWord[name]}{!tight && <small class="quiet meaning">{classMeaning[name]}</small>}</th>
      <td><StrengthWord strength={strength} /></td>
      <td class="number">{count(failures)}</td>
      <td class="number">{count(wentOn)}{later(tally) > 0 && <span class="quiet" title="The caller went on and failed nevertheless"> ({count(later(tally))} failed later)</span>}</td>
      {!tight && <td class="with-bar"><RatioBar ratio={ratio} /><span>{ratioText(ratio)}</span></td>}
    </tr>
  );
}

function Chains({ detail: { chainOk, chainFailed } }: { detail: DependencyDetail }) {
  const rows: [string, Tally][] = [...chainFailed.map((t): [string, Tally] => [classWord[t.class], t]), ['successes', chainOk]];
  const goes = rows.some(([, t]) => t.wentOn > 0); // of a call that ends its request nothing can
  return (
    <table class="classes">
      <caption class="hidden">In whole chains</caption>
      <thead><tr><th scope="col">After</th><th scope="col" class="number">Chains</th>{goes && <th scope="col" class="number" title="Any call was made later, by whatever service">Went on</th>}<th scope="col" class="number">Request did not fail</th></tr></thead>
      <tbody>{rows.map(([name, t]) => <tr key={name}><th scope="row">{name}</th><td class="number">{count(t.seen)}</td>{goes && <td class="number">{count(t.wentOn)}</td>}<td class="number">{count(t.survived)}</td></tr>)}</tbody>
    </table>
  );
}

const share = (p: number): string => percent(p, 1);

function Successors({ detail: { successors, fallbacks, dependency: { basis } } }: { detail: DependencyDetail }) {
  return (
    <Block title="What follows it" note="in how many cases the caller makes the call after this one">
      {successors.length === 0 && <p class="quiet">Nothing usually follows this call{basis === 'propagation' && ': so it is judged by whether its caller fails too'}.</p>}
      {successors.length > 0 && <After caption="Calls that usually follow" of={successors} />}
      {fallbacks.length > 0 && <>
        <h3>Only after it failed</h3>
        <After caption="Fallbacks" of={fallbacks} />
        <p class="quiet">Fallbacks: what the caller does instead. They are told here and count for no verdict.</p>
      </>}
    </Block>
  );
}

function After({ caption, of }: { caption: string; of: Successor[] }) {
  return (
    <table class="classes">
      <caption class="hidden">{caption}</caption>
      <thead><tr><th scope="col">Call</th><th scope="col" class="number">After a success</th><th scope="col" class="number">After a failure</th></tr></thead>
      <tbody>{of.map((s) => (
        <tr key={s.id}><th scope="row"><a href={toDependency(s.id)}><Far peer={s.peer} operation={s.operation} /></a></th><td class="number">{share(s.afterOk)}</td><td class="number">{share(s.afterFailed)}</td></tr>
      ))}</tbody>
    </table>
  );
}

function Entrances({ of: { entrances } }: { of: Dependency }) {
  if (entrances.length === 0) return null;
  return (
    <Block title="Reached from" note="where the requests came in, in whole chains">
      <table class="classes">
        <caption class="hidden">Entrances</caption>
        <thead><tr><th scope="col">Entrance</th><th scope="col" class="number">Chains</th><th scope="col" class="number">Call failed</th><th scope="col" class="number">Request too</th></tr></thead>
        <tbody>{entrances.map((e) => (
          <tr key={keyOf(e.environment, e.namespace, e.service, e.operation)}><th scope="row"><a href={toFocus(e)}><Name at={e} /></a></th><td class="number">{count(e.chains)}</td><td class="number">{count(e.failed)}</td><td class="number">{count(e.entranceFailed)}</td></tr>
        ))}</tbody>
      </table>
    </Block>
  );
}

function Passed({ passed }: { passed: Record<string, number> }) {
  const rows = Object.entries(passed).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  return (
    <Block title="Gave no evidence" note="calls that count neither way, and why">
      {rows.length === 0 && <p class="quiet">Nothing was passed over.</p>}
      <ul class="passed">{rows.map(([reason, n]) => <li key={reason}><b>{count(n)}</b> <span>{reasonWords[reason] ?? reason}</span></li>)}</ul>
    </Block>
  );
}

const all = (tallies: ClassTally[], of: (t: Tally) => number): number => tallies.reduce((sum, t) => sum + of(t), 0);

function Days({ detail: { perDay, dependency: { basis } } }: { detail: DependencyDetail }) {
  if (perDay.length < 2) return null;
  const most = Math.max(...perDay.map((d) => all(d.failed, (t) => t.seen)), 1);
  return (
    <Block title="By day" note="whether it changes">
      <table class="classes">
        <caption class="hidden">By day</caption>
        <thead><tr><th scope="col">Day</th><th scope="col" class="number">Successes</th><th scope="col" class="number">Failures</th><th scope="col" class="number">{wentWords[basis].head}</th><td /></tr></thead>
        <tbody>{perDay.map(({ day, ok, failed }) => {
          const [seen, went] = [all(failed, (t) => t.seen), all(failed, (t) => t.wentOn)];
          return <tr key={day}><th scope="row">{day}</th><td class="number">{count(ok.seen)}</td><td class="number">{count(seen)}</td><td class="number">{count(went)} <span class="quiet">{percent(went, seen)}</span></td><td class="with-bar"><span class="daybar" aria-hidden="true"><i style={{ width: `${(100 * seen) / most}%` }}><i style={{ width: `${seen > 0 ? (100 * went) / seen : 0}%` }} /></i></span></td></tr>;
        })}</tbody>
      </table>
      <p class="quiet ratio-legend">Days of UTC.<span class="of-bars"> A bar is the day’s failures, its empty part those after which the caller {wentWords[basis].yes.replace('caller ', '')}.</span></p>
    </Block>
  );
}

function Examples({ of, basis }: { of: Example[]; basis: Basis }) {
  if (of.length === 0) return <p class="quiet">None is kept.</p>;
  return (
    <ul class="list examples">{of.map((e) => (
      <li key={e.traceId + e.spanId}>
        <a class="example" href={toChain(e.traceId, e.spanId)}>
          <span><code>{e.shortId}</code></span><span>{classWord[e.class].replace(/s$/, '')}</span><span>{wentWords[basis][e.wentOn ? 'yes' : 'no']}</span>
          <span class="quiet where">{e.stored ? [e.serviceInstance, e.host, e.code].filter(Boolean).map((w, i) => <bdi key={i}>{w}</bdi>) : 'its spans are not kept any more'}</span>
          <span class="when"><Ago time={e.at} /></span>
        </a>
        {e.stack && <details class="others"><summary>Stack</summary><div class="command"><pre class="stack" tabIndex={0} aria-label={`Stack of ${e.shortId}`}>{e.stack}</pre><Copy text={e.stack} what="the stack" /></div></details>}
      </li>
    ))}</ul>
  );
}

/** EvidencePanel is the short form, beside what it is about. */
export function EvidencePanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { value, problem, fresh } = useEvidence(id);
  const panel = useRef<HTMLElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    panel.current?.scrollIntoView({ block: 'nearest' });
    close.current?.focus({ preventScroll: true });
  }, [id]);
  const d = value?.dependency;
  return (
    <section class="side evidence-panel" aria-labelledby="evidence-title" aria-busy={!fresh} ref={panel}>
      <h2 id="evidence-title">Dependency <button type="button" class="icon close" ref={close} onClick={onClose} aria-label="Close the evidence" title="Esc">×</button></h2>
      {problem && (problem.status === 404 ? <p class="quiet">No evidence about this call is kept yet: its calls were not seen whole.</p> : <ProblemNote problem={problem} />)}
      {!value && !problem && <Waiting rows={6} />}
      {value && d && <>
        <p class="panel-ends"><Ends of={d} /></p>
        <Said detail={value} />
        <Classes detail={value} tight />
        <p class="quiet">{d.rateFrom && <>Called {rate(d.rate)}; its failures can stop {rate(d.canStop)} of what comes in. </>}{count(d.successes)} successes to compare with.</p>
        <p><a href={toDependency(id)}>All of the evidence</a></p>
        {value.examples.length > 0 && <><h3>Examples</h3><Examples basis={d.basis} of={value.examples.slice(0, 4).map((e) => ({ ...e, stack: '', code: '', serviceInstance: '', host: '' }))} /></>}
      </>}
    </section>
  );
}
