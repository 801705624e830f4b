// The query API's answers as types, and one function for each question.
// A question never throws: what went wrong is a value like what went right.

export type Outcome = 'ok' | 'soft_error' | 'error' | 'timeout' | 'rejected' | 'cancelled';
export type NodeKind = 'observed' | 'virtual' | 'unknown' | 'outside';
export type Outcomes = Partial<Record<Outcome, number>>;

export interface Service { environment: string; namespace: string; service: string }
export interface Operation extends Service { operation: string }
export interface TimeWindow { from: string; to: string }

export interface Latency { count: number; sum: number; p50: number; p95: number; p99: number }

export interface Node extends Service {
  operation?: string; kind: NodeKind; hop: number; calls: number; errors: number; rate: number;
}

export interface Edge {
  caller: number; callee: number; connection: string; indirect?: boolean;
  calls: number; errors: number; rate: number; outcomes: Outcomes; serverOutcomes?: Outcomes;
  clientSeconds: Latency | null; serverSeconds: Latency | null; queueSeconds: Latency | null;
  provisional: number; weightUnknown: number; folded: boolean;
  strength: Strength | ''; dependencies: string[];
}

export interface Graph {
  asOf: string | null; window: TimeWindow; nodes: Node[]; edges: Edge[]; limit: number; total: number; truncated: boolean;
}

export interface OperationFigures extends Operation {
  kind: NodeKind; calls: number; errors: number; rate: number; outcomes: Outcomes; serverOutcomes?: Outcomes; seconds: Latency | null;
}
export interface Operations { asOf: string | null; window: TimeWindow; operations: OperationFigures[]; total: number; truncated: boolean }
export interface Environments { environments: { environment: string; services: number }[] }

export interface Failure extends Operation {
  spanId: string; spanKind: string; outcome: Outcome; source: string; errorType: string; message: string; peer: string; handled: boolean;
  waiterSpanId?: string; // of the span that gave up waiting for this one
}
export interface FailureGroup {
  signature: string; failure: Failure; chains: number; first: string; last: string;
  entrances: (Operation & { chains: number })[];
  latest: { traceId: string; shortId: string; spanId: string; start: string };
}
export interface Failures { window: TimeWindow; failures: FailureGroup[]; chainsRead: number; chainsLimit: number; truncated: boolean }

export interface Summary {
  traceId: string; shortId: string; start: string; duration: number; entrance: Operation; outcome: Outcome;
  spans: number; failedSpans: number; softErrors: number;
  services: (Service & { spans: number; failedSpans: number })[]; serviceCount: number;
  partial: boolean; origin: Failure | null; weight: number; weightUnknown: boolean;
}
export interface Chains { window: TimeWindow; chains: Summary[]; next: string; note: string }

export interface Span {
  id: string; parent: number; depth: number; service: number; operation: string; spanKind: string;
  start: number; duration: number; outcome: Outcome; source: string; problems: string[]; events: number; links: number;
  strength: Strength | ''; strengthSource: EvidenceSource | ''; dependency: string; // empty where the span is no call
}
export interface Origin { span: number; failure: Failure }

export interface Chain {
  summary: Summary; keys: Key[]; states: KeyState[]; services: Service[]; spans: Span[]; origins: Origin[]; truncated: boolean;
}
export interface ChainAnswer { chain: Chain; others: Summary[] }

export interface Attribute { key: string; type: string; value: string }
export interface SpanDetail extends Operation {
  id: string; parentId: string; spanKind: string; start: string; duration: number; outcome: Outcome; source: string;
  status: string; statusMessage: string;
  exceptions: { type: string; message: string; stack: string; offset: number }[];
  logs: { severity: string; message: string; offset: number }[];
  attributes: Attribute[]; resource: Attribute[]; scope: string; scopeVersion: string; scopeAttributes: Attribute[];
  events: { name: string; offset: number; attributes: Attribute[]; droppedAttributes: number }[];
  links: { traceId: string; shortId: string; spanId: string; attributes: Attribute[] }[];
  traceState: string; flags: number; droppedAttributes: number; droppedEvents: number; droppedLinks: number;
}
export interface Spans { spans: SpanDetail[] }

/** KeyState is what a chain says became of what its key of a kind names. */
export interface KeyState { kind: string; state: string }

/** Key is a business key; all chains that carry it are one logical chain. */
export interface Key { environment: string; kind: string; value: string }
export interface Section {
  traceId: string; shortId: string; start: string; keys: Key[]; states: KeyState[]; missing: boolean; chain: Summary | null;
  wait: number | null; // seconds from the end of all before; negative: it overlaps with one
}
export interface LinkedKey { key: Key; traceId: string; depth: number; followed: boolean; links: number; whyNot: '' | 'hub' | 'depth' | 'limit' }
export interface LogicalChain {
  key: Key; others: Key[]; traces: number; tracesExact: boolean; first: string; last: string;
  sections: Section[]; linked: LinkedKey[]; cursor: string; notes: string[];
}

export type Strength = 'strong' | 'weak' | 'conditional' | 'unknown';
export type EvidenceSource = 'observed' | 'injected' | 'declared';
export type Basis = 'none' | 'successors' | 'propagation';
export type FailureClass = 'error' | 'timeout' | 'soft_error' | 'shed_load' | 'rejected';

/** Ratio is an estimate with its central 95 %. */
export interface Ratio { estimate: number; low: number; high: number }
export interface ClassVerdict { class: FailureClass; strength: Strength; failures: number; wentOn: number; ratio: Ratio }
export interface Callee { peer: string; operation: string; connection: string; resolved: Operation | null }
export interface ReachedFrom extends Operation { chains: number; failed: number; entranceFailed: number }
export interface Verdict { strength: Strength; source: EvidenceSource; basis: Basis; classes: ClassVerdict[]; successes: number; words: string }
export interface Dependency extends Verdict {
  id: string; caller: Operation; callee: Callee; rate: number; rateFrom: '' | 'edge' | 'shared_edge';
  stopShare: number | null; stopFrom: '' | 'entrance' | 'caller'; canStop: number; entrances: ReachedFrom[]; last: string | null;
}
export interface Dependencies { asOf: string | null; days: number; window: TimeWindow; dependencies: Dependency[]; total: number; cursor: string }
export interface Tally { seen: number; wentOn: number; survived: number; wentOnAndFailed: number }
export interface ClassTally extends Tally { class: FailureClass }
export interface Successor { id: string; peer: string; operation: string; connection: string; afterOk: number; afterFailed: number; together: number; after: number }
export interface Example {
  traceId: string; shortId: string; spanId: string; class: FailureClass; wentOn: boolean; at: string; stored: boolean;
  serviceInstance: string; host: string; code: string; stack: string;
}
export interface DependencyDetail {
  asOf: string | null; days: number; window: TimeWindow; dependency: Dependency; observed: Verdict | null;
  ok: Tally; failed: ClassTally[]; chainOk: Tally; chainFailed: ClassTally[];
  successors: Successor[]; fallbacks: Successor[]; passed: Record<string, number>; first: string | null;
  examples: Example[]; perDay: { day: string; ok: Tally; failed: ClassTally[] }[];
}

export interface FoundKey { key: Key; traces: number; first: string; last: string }
export interface Found { window: TimeWindow; services: Node[]; operations: Node[]; chains: Summary[]; keys: FoundKey[] }
export interface Health {
  status: 'ok' | 'starting' | 'stale'; failure?: string; now: string; asOf: string | null;
  view: { cells: number; edges: number; operations: number; services: number };
}

/** Problem is what RFC 9457 says of a failed answer; status 0: there was none. */
export interface Problem { title: string; status: number; detail: string; field?: string; value?: string; limits?: string }
export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };
export type Query = Record<string, string | number | string[] | undefined>;
export type Question<T> = (signal: AbortSignal) => Promise<Result<T>>;

/** address of a question, relative to the page, so that a proxy's prefix stays. */
export function address(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== '') params.append(key, String(one));
    }
  }
  const text = params.toString();
  return 'api/jcg/v1/' + path + (text && '?' + text);
}

const begun = new Map<string, Promise<Result<unknown>>>();

/** beginChain asks before the page is drawn what it will ask then: the answer is what is waited for. */
export function beginChain(id: string): Promise<unknown> {
  const path = `chains/${part(id)}`;
  const answer = ask<unknown>(path, {}, new AbortController().signal);
  begun.set(address(path), answer);
  return answer;
}

async function ask<T>(path: string, query: Query, signal: AbortSignal): Promise<Result<T>> {
  try {
    const answer = await fetch(address(path, query), { signal, headers: { Accept: 'application/json' } });
    const body: unknown = await answer.json();
    return answer.ok ? { ok: true, value: body as T } : { ok: false, problem: problemOf(answer.status, body) };
  } catch (cause) {
    return { ok: false, problem: unreachable(cause) };
  }
}

function problemOf(status: number, body: unknown): Problem {
  const said = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  return { ...said, title: said.title ?? 'Failed', status, detail: said.detail ?? `The server answered ${status}.` };
}

function unreachable(cause: unknown): Problem {
  if (cause instanceof SyntaxError) return { title: 'Not JSON', status: 0, detail: 'Something else than the query API answered.' };
  return { title: 'No answer', status: 0, detail: 'The collector does not answer. Is it running?' };
}

const question = <T>(path: string, query: Query = {}): Question<T> => (signal) => {
  const early = begun.get(address(path, query)) as Promise<Result<T>> | undefined;
  begun.delete(address(path, query));
  return early ?? ask<T>(path, query, signal);
};
const part = encodeURIComponent;

export const logicalPath = ({ kind, value }: Pick<Key, 'kind' | 'value'>): string => `logical-chains/${part(kind)}/${part(value)}`;

export const api = {
  health: () => question<Health>('health'),
  environments: () => question<Environments>('environments'),
  map: (query: Query) => question<Graph>('map', query),
  neighbourhood: (query: Query) => question<Graph>('neighbourhood', query),
  operations: (query: Query) => question<Operations>('operations', query),
  entrances: (query: Query) => question<Operations>('entrances', query),
  failures: (query: Query) => question<Failures>('failures', query),
  chains: (query: Query) => question<Chains>('chains', query),
  chain: (id: string) => question<ChainAnswer>(`chains/${part(id)}`),
  spans: (id: string, span: string) => question<Spans>(`chains/${part(id)}/spans/${part(span)}`),
  search: (query: Query) => question<Found>('search', query),
  logicalChain: (key: Pick<Key, 'kind' | 'value'>, query: Query) => question<LogicalChain>(logicalPath(key), query),
  dependencies: (query: Query) => question<Dependencies>('dependencies', query),
  dependency: (id: string, query: Query) => question<DependencyDetail>(`dependencies/${part(id)}`, query),
};
