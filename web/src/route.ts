// What the URL says and what the page shows are the same thing: every state
// that a reload or a link must keep is a Route. Pure both ways.

/** Common is kept from page to page; environment is what was picked, not where a node lives. */
export interface Common { from: string; to: string; environment: string }

export interface Home extends Common { view: 'home' }
export interface Help extends Common { view: 'help' }
export interface Nowhere extends Common { view: 'nowhere'; path: string }
export interface Search extends Common {
  view: 'search'; nodeEnvironment: string; service: string; namespace: string; operation: string; outcome: string; minDuration: string; maxDuration: string;
  attribute: string[]; calleeService: string; calleeOperation: string; calleeEnvironment: string; calleeNamespace: string; connection: string;
}
export interface Focus extends Common {
  view: 'focus'; nodeEnvironment: string; service: string; namespace: string; operation: string; up: number; down: number; edge: string; tab: string; sort: string;
}
export interface ChainRoute extends Common { view: 'chain'; id: string; span: string; show: string; closed: string[]; evidence: string }
/** KeyRoute is a logical chain; open is the trace ID of the section that is. */
export interface KeyRoute extends Common { view: 'key'; kind: string; value: string; nodeEnvironment: string; links: number; pages: number; open: string; span: string; closed: string[] }
export interface Dependencies extends Common { view: 'dependencies'; service: string; strength: string; q: string; pages: number }
export interface DependencyRoute extends Common { view: 'dependency'; id: string }
export type Route = Home | Help | Nowhere | Search | Focus | ChainRoute | KeyRoute | Dependencies | DependencyRoute;

export const defaultFrom = '-15m';
export const maxHops = 10;
export const maxLinks = 3;
export const maxPages = 100;
const common: Common = { from: defaultFrom, to: '', environment: '' };

export const home: Home = { view: 'home', ...common };
const help: Help = { view: 'help', ...common };
export const search: Search = {
  view: 'search', ...common, nodeEnvironment: '', service: '', namespace: '', operation: '', outcome: '', minDuration: '', maxDuration: '', attribute: [],
  calleeService: '', calleeOperation: '', calleeEnvironment: '', calleeNamespace: '', connection: '',
};
export const focus: Focus = { view: 'focus', ...common, nodeEnvironment: '', service: '', namespace: '', operation: '', up: 1, down: 1, edge: '', tab: '', sort: '' };
export const chain: ChainRoute = { view: 'chain', ...common, id: '', span: '', show: '', closed: [], evidence: '' };
export const key: KeyRoute = { view: 'key', ...common, kind: '', value: '', nodeEnvironment: '', links: 2, pages: 1, open: '', span: '', closed: [] };
export const dependencies: Dependencies = { view: 'dependencies', ...common, service: '', strength: '', q: '', pages: 1 };
export const dependency: DependencyRoute = { view: 'dependency', ...common, id: '' };

const nowhere: Nowhere = { view: 'nowhere', ...common, path: '' };

const pages: Record<string, Route> = { home, help, search, focus, chain, key, dependencies, dependency };
const blank: Record<Route['view'], Route> = { home, help, search, focus, chain, key, dependencies, dependency, nowhere };

/** inPath are the fields that a page has in its path instead of among the parameters, in order. */
const inPath: Partial<Record<Route['view'], string[]>> = { nowhere: ['path'], chain: ['id'], key: ['kind', 'value'], dependency: ['id'] };

/** format is the hash of a route; what has its default is left out. */
export function format(route: Route): string {
  const params = new URLSearchParams();
  for (const [key, usual] of Object.entries(blank[route.view])) {
    if (key === 'view' || inPath[route.view]?.includes(key)) continue;
    const value = fields(route)[key];
    if (value === undefined) continue;
    if (Array.isArray(value)) value.forEach((one) => params.append(key, one));
    else if (value !== usual) params.append(key, String(value));
  }
  const text = params.toString();
  return '#/' + pathOf(route) + (text && '?' + text);
}

function pathOf(route: Route): string {
  if (route.view === 'home') return '';
  if (route.view === 'nowhere') return route.path;
  return [route.view, ...(inPath[route.view] ?? []).map((name) => encodeURIComponent(fields(route)[name] as string))].join('/');
}

const fields = (route: Route) => route as unknown as Record<string, string | number | string[] | undefined>;

/** parse never fails: what it can't read has its default, an unknown page is nowhere. */
export function parse(hash: string): Route {
  const [path = '', query = ''] = cut(hash.replace(/^#?\/?/, ''));
  const params = new URLSearchParams(query);
  const [name = '', ...parts] = path.split('/');
  const base = name === '' ? home : Object.hasOwn(pages, name) ? pages[name]! : { ...nowhere, path };
  const read = Object.fromEntries(Object.entries(base).map(([key, usual]) => [key, value(key, usual, params)]));
  if (base.view === 'nowhere') return { ...nowhere, ...read, path } as Route;
  inPath[base.view]?.forEach((field, i) => (read[field] = decoded(parts[i] ?? '')));
  return read as unknown as Route;
}

function cut(text: string): [string, string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function value(key: string, usual: string | number | string[], params: URLSearchParams): string | number | string[] {
  if (key === 'view') return usual;
  if (Array.isArray(usual)) return params.getAll(key);
  const text = params.get(key);
  if (text === null) return usual;
  return typeof usual === 'number' ? whole(text, usual, most[key] ?? maxHops) : text;
}

const most: Record<string, number> = { links: maxLinks, pages: maxPages };

function whole(text: string, usual: number, limit: number): number {
  return /^\d{1,3}$/.test(text) ? Math.min(Number(text), limit) : usual;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** keyOf names a node or an edge in the URL and in memory. */
export const keyOf = (...parts: string[]): string => parts.map(encodeURIComponent).join(',');
