// All dependencies, those first that can stop the most of what comes in.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Dependencies as Answer, type Dependency, api } from './api.ts';
import { count, percent, plural, rate } from './format.ts';
import { useWalk } from './keys.ts';
import { useHover, useLoad, useSteady } from './load.ts';
import type { Dependencies } from './route.ts';
import { go, polling, put, toDependency, windowQuery } from './state.ts';
import { type Column, Table } from './table.tsx';
import { Ago, Empty, Name, ProblemNote, StrengthWord, Waiting } from './parts.tsx';
import { classMeaning, strengthMeaning, strengths } from './strengthwords.ts';
import { Ends } from './evidence.tsx';
import { useSettled } from './searchbox.tsx';

const page = 50;
const most = 500; // that the API tells at once

export function DependenciesView({ at }: { at: Dependencies }) {
  const query = { ...windowQuery(at), service: at.service, strength: at.strength, q: at.q, limit: Math.min(most, page * Math.max(1, at.pages)) };
  const { value, problem, answers, busy, fresh } = useLoad(JSON.stringify(query), api.dependencies(query), polling(at));
  return (
    <>
      <div class="overview"><h1>Dependencies</h1><p>Calls from one operation to another: what stops when they fail. Strong ones first, of these the ones that can stop the most of what comes in.</p></div>
      <Filter at={at} />
      {problem && <ProblemNote problem={problem} />}
      {!value && !problem && <Waiting rows={8} />}
      {value && <List at={at} answer={value} question={answers} busy={busy && !fresh} />}
    </>
  );
}

function List({ at, answer, question, busy }: { at: Dependencies; answer: Answer; question: string; busy: boolean }) {
  const [inside, hover] = useHover();
  const rows = useSteady(question, answer.dependencies, (d) => d.id, inside);
  const list = useRef<HTMLElement>(null);
  useWalk(list, 'tbody th a');
  if (rows.length === 0) return at.service || at.strength || at.q ? <Empty title="No dependency meets all of that."><p>Leave a condition out, or look at another environment.</p></Empty> : <None days={answer.days} />;
  return (
    <section aria-label="Dependencies found" class={`dependencies${busy ? ' busy' : ''}`} ref={list} {...hover}>
      <Table caption="Dependencies" columns={columns} rows={rows} keyOf={(d) => d.id} onRow={(d) => (location.hash = toDependency(d.id))} />
      <p class="more-row">
        {rows.length < answer.total && rows.length < most && <button type="button" onClick={() => put({ ...at, pages: Math.max(1, at.pages) + 1 })}>More dependencies</button>}{' '}
        <span class="quiet">{rows.length < answer.total ? `${count(rows.length)} of ${count(answer.total)}` : plural(answer.total, 'dependency', 'dependencies')}, from {plural(answer.days, 'day')} of evidence</span>
      </p>
      {rows.every((d) => d.strength === 'unknown') ? <Undecided /> : <Legend />}
    </section>
  );
}

const Legend = () => <dl class="pairs meanings">{strengths.map((s) => <div key={s}><dt><StrengthWord strength={s} /></dt><dd>{strengthMeaning[s]}</dd></div>)}</dl>;

const failuresOf = (d: Dependency): number => d.classes.reduce((sum, c) => sum + c.failures, 0);
const wentOn = (d: Dependency): number => d.classes.reduce((sum, c) => sum + c.wentOn, 0);

const noneStopped = 'After its failures no request that came in failed: it was answered before, or went on without the call';

const columns: Column<Dependency>[] = [
  { id: 'call', head: 'Call', by: (d) => d.caller.service, cell: (d) => <a class="dependency-link" href={toDependency(d.id)}><Ends of={d} /></a> },
  { id: 'strength', head: 'Strength', by: (d) => d.strength, cell: (d) => <StrengthWord strength={d.strength} source={d.source} /> },
  { id: 'stop', head: 'Can stop', meaning: 'Requests that come in and end when this call fails: its traffic times the share of its failures after which the entrance failed; where no whole chain with a failure was seen, the caller', number: true, by: (d) => d.canStop,
    cell: (d) => <span class={d.canStop > 0 ? '' : 'quiet'} title={d.canStop === 0 && d.stopShare === 0 ? noneStopped : undefined}>{rate(d.canStop)}{d.stopFrom === 'caller' && d.canStop > 0 && <small class="quiet" title="As far as the caller: no whole chain with a failure was seen"> caller</small>}</span> },
  { id: 'rate', head: 'Calls', meaning: 'Calls a second in the window', number: true, by: (d) => d.rate, cell: (d) => (d.rateFrom ? rate(d.rate) : <span class="quiet">–</span>) },
  { id: 'failures', head: 'Failures', meaning: 'Failures that count: the caller was seen whole', number: true, by: failuresOf, cell: (d) => (failuresOf(d) > 0 ? <>{count(failuresOf(d))}{d.classes.every((c) => c.class === 'rejected') && <small class="quiet" title={classMeaning.rejected}> rejected</small>}</> : <span class="quiet">0</span>) },
  { id: 'went', head: 'Went on', meaning: 'Share of the failures after which the caller went on to the calls that usually follow; of a call that nothing follows, after which it did not fail', number: true, by: wentOn, cell: (d) => (failuresOf(d) > 0 ? percent(wentOn(d), failuresOf(d)) : <span class="quiet">–</span>) },
  { id: 'entrances', head: 'Reached from', by: (d) => d.entrances[0]?.service ?? '', cell: (d) => <EntrancesOf of={d} /> },
  { id: 'last', head: 'Last failure', number: true, by: (d) => d.last ?? '', cell: (d) => (d.last ? <span class="quiet"><Ago time={d.last} /></span> : <span class="quiet">none</span>) },
];

function EntrancesOf({ of: { entrances } }: { of: Dependency }) {
  const [first] = entrances;
  if (!first) return <span class="quiet">–</span>;
  return <span class="entrances-of"><Name at={first} />{entrances.length > 1 && <span class="quiet" title={entrances.map((e) => `${e.service} ${e.operation}`).join('\n')}> and {entrances.length - 1} more</span>}</span>;
}

/** None: nothing was ever seen that could bear a verdict. */
function None({ days }: { days: number }) {
  return (
    <Empty title="No call was seen whole yet.">
      <p>This page fills by itself. A call appears when the service that makes it has ended a request and all spans of that request in it have arrived.</p>
      <Needs />
      <p>Evidence of the last {plural(days, 'day')} is looked at.</p>
    </Empty>
  );
}

function Undecided() {
  return <div class="empty"><strong>No verdict yet.</strong><p>Calls are known, failures are too few.</p><Needs /></div>;
}

const Needs = () => (
  <ul class="needs">
    <li>A verdict needs failures: nine after which nothing went on make a call strong, three after which all went on make it weak.</li>
    <li>It needs successes to compare with, kept by sampling and not for a failure.</li>
    <li>It needs the caller’s spans whole. Our SDK states how many there are; for others say <code>assume_complete</code> in the configuration of <code>call_graph_dependency</code>.</li>
    <li>Until then a call is unknown: a wrong verdict is worse.</li>
  </ul>
);

const pause = 250; // ms after the last key

function Filter({ at }: { at: Dependencies }) {
  const [draft, setDraft] = useState({ service: at.service, q: at.q });
  const settled = { service: useSettled(draft.service.trim(), pause), q: useSettled(draft.q.trim(), pause) };
  const shown = useRef(at);
  useEffect(() => { // a step back or a link changes them too
    if (at.service !== shown.current.service || at.q !== shown.current.q) setDraft({ service: at.service, q: at.q });
    shown.current = at;
  }, [at.service, at.q]);
  useEffect(() => {
    if (settled.service === at.service && settled.q === at.q) return;
    shown.current = { ...at, ...settled, pages: 1 };
    put(shown.current);
  }, [settled.service, settled.q]);
  const map = useLoad(JSON.stringify(['names', windowQuery(at)]), api.map({ ...windowQuery(at), limit: 500 }));
  const services = [...new Set(map.value?.nodes.filter((n) => n.kind === 'observed').map((n) => n.service))].sort();
  return (
    <form class="filter" role="search" aria-label="Narrow the list" onSubmit={(e) => e.preventDefault()}>
      <div class="field"><label for="of-text">Name</label><input id="of-text" value={draft.q} placeholder="of either end" autocomplete="off" spellcheck={false} onInput={(e) => setDraft({ ...draft, q: e.currentTarget.value })} /></div>
      <div class="field"><label for="of-service">Called by service</label><input id="of-service" value={draft.service} placeholder="any" list="callers" autocomplete="off" spellcheck={false} onInput={(e) => setDraft({ ...draft, service: e.currentTarget.value })} /></div>
      <div class="field"><label for="of-strength">Strength</label>
        <select id="of-strength" value={at.strength} onChange={(e) => go({ ...at, strength: e.currentTarget.value, pages: 1 })}>
          <option value="">any</option>{strengths.map((s) => <option key={s} value={s}>{s}</option>)}
        </select></div>
      <datalist id="callers">{services.map((name) => <option key={name} value={name} />)}</datalist>
    </form>
  );
}
