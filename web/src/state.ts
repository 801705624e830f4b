// What the whole page shares: the route, the clock, the theme, and whether the collector answers.
import { signal } from '@preact/signals';
import { type Common, type Dependencies, type Focus, type KeyRoute, type Route, type Search, chain, dependencies, dependency, focus, format, home, key, parse, search } from './route.ts';
import { live } from './format.ts';
import type { Key, Node, Operation } from './api.ts';

export const route = signal<Route>(parse(location.hash));
export const now = signal(Date.now());
export const reachable = signal(true);
export const hint = signal(''); // for screen readers, said once

/** go leaves a step to come back to; put does not, for what is still being typed. */
export function go(next: Route): void {
  location.hash = format(next);
}

export function put(next: Route): void {
  history.replaceState(null, '', format(next));
  route.value = next;
}

/** shared is what a link to another page keeps. */
export function shared(): Common {
  const { from, to, environment } = route.value;
  return { from, to, environment };
}

export const toHome = (): string => format({ ...home, ...shared() });
export const toHelp = (): string => format({ ...home, ...shared(), view: 'help' });
export const toSearch = (query: Partial<typeof search> = {}): string => format({ ...search, ...shared(), ...query });
export const toChain = (id: string, span = ''): string => format({ ...chain, ...shared(), id, span });

export const toDependencies = (query: Partial<Dependencies> = {}): string => format({ ...dependencies, ...shared(), ...query });
export const toDependency = (id: string): string => format({ ...dependency, ...shared(), id });

/** keyRoute of a business key. Only a page that is narrowed to nothing can name the environment that has no name. */
export function keyRoute(to: Key, keep: Partial<KeyRoute> = {}): KeyRoute {
  const common = shared();
  const environment = to.environment === '' ? '' : common.environment;
  return { ...key, ...common, ...keep, environment, kind: to.kind, value: to.value, nodeEnvironment: to.environment === environment ? '' : to.environment };
}
export const toKey = (to: Key): string => format(keyRoute(to));

/** focusOn a node; where it lives is part of its name and does not become what the page is narrowed to. */
export function focusOn(at: Node | Operation, keep: Partial<Focus> = {}): Focus {
  return {
    ...focus, ...shared(), ...keep, service: at.service, namespace: at.namespace, operation: at.operation ?? '',
    nodeEnvironment: at.environment === route.value.environment ? '' : at.environment,
  };
}

/** nodeOf a page that is about one: its service, or with an operation that. */
export const nodeOf = ({ nodeEnvironment, environment, namespace, service }: Focus | Search, operation = ''): Operation =>
  ({ environment: nodeEnvironment || environment, namespace, service, operation });
export const toFocus = (at: Node | Operation, keep: Partial<Focus> = {}): string => format(focusOn(at, keep));

/** windowQuery is the window and environment as the API takes them. */
export function windowQuery(r: Common & { nodeEnvironment?: string } = route.value): { from: string; to: string; environment: string } {
  return { from: r.from, to: r.to, environment: r.nodeEnvironment || r.environment };
}

/** narrowed to another environment, a page is about the node of that name there. */
export const narrowed = (r: Route, environment: string): Route => ({ ...r, environment, ...('nodeEnvironment' in r && { nodeEnvironment: '' }) });

export const pollEvery = 5000;
export const polling = (r: Common): number => (live(r.to) ? pollEvery : 0);

export type Theme = '' | 'light' | 'dark';
const themeKey = 'jcallgraph.theme';
export const theme = signal<Theme>('');

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(themeKey);
    return stored === 'light' || stored === 'dark' ? stored : '';
  } catch {
    return ''; // storage is switched off: the system's theme then
  }
}

export const isDark = (): boolean =>
  theme.value === 'dark' || (theme.value === '' && matchMedia('(prefers-color-scheme: dark)').matches);

export function chooseTheme(next: Theme): void {
  theme.value = next;
  applyTheme();
  try {
    localStorage.setItem(themeKey, next);
  } catch {
    // it lasts as long as the page does
  }
}

/** restoreTheme before the first paint, but after the first question is under way: opening the storage takes a while. */
export function restoreTheme(): void {
  theme.value = storedTheme();
  applyTheme();
}

function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
}

/** start listens to what the browser says; for as long as the page lives. */
export function start(): void {
  addEventListener('hashchange', () => (route.value = parse(location.hash)));
  addEventListener('popstate', () => (route.value = parse(location.hash)));
  setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1000);
}
