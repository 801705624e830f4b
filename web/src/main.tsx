// The page: a header and one view, chosen by the URL.
import { render } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { beginChain } from './api.ts';
import { ChainView } from './chain.tsx';
import { DependenciesView } from './dependencies.tsx';
import { DependencyView } from './evidence.tsx';
import { FocusView } from './focus.tsx';
import { Header } from './header.tsx';
import { HomeView } from './home.tsx';
import { useKeys } from './keys.ts';
import { KeyView } from './logical.tsx';
import type { Route } from './route.ts';
import { SearchView } from './search.tsx';
import { Empty } from './parts.tsx';
import { restoreTheme, route, start, toHelp, toHome } from './state.ts';
import { HelpView } from './welcome.tsx';
import './style.css';
import './views.css';
import './strength.css';
import './narrow.css';

function View({ at }: { at: Route }) {
  switch (at.view) {
    case 'home': return <HomeView at={at} />;
    case 'help': return <HelpView />;
    case 'nowhere': return <NoSuchPage path={at.path} />;
    case 'search': return <SearchView at={at} />;
    case 'focus': return <FocusView key={placeOf(at)} at={at} />;
    case 'chain': return <ChainView key={placeOf(at)} at={at} />;
    case 'key': return <KeyView key={placeOf(at)} at={at} />;
    case 'dependencies': return <DependenciesView at={at} />;
    case 'dependency': return <DependencyView key={placeOf(at)} at={at} />;
  }
}

function NoSuchPage({ path }: { path: string }) {
  return <><h1 class="hidden">No such page</h1><Empty title="No such page."><p>There is nothing at <code><bdi>#/{path}</bdi></code>. Go to <a href={toHome()}>the start</a>.</p></Empty></>;
}

/** placeOf a route tells pages apart; other changes happen within one. */
function placeOf(at: Route): string {
  switch (at.view) {
    case 'focus': return JSON.stringify([at.view, at.nodeEnvironment, at.service, at.namespace, at.operation]);
    case 'key': return JSON.stringify([at.view, at.nodeEnvironment, at.kind, at.value]);
    case 'chain': case 'dependency': return `${at.view} ${at.id}`;
    default: return at.view;
  }
}

function title(at: Route): string {
  const name = nameOf(at);
  return name ? `${name} – JCallGraph` : 'JCallGraph';
}

function nameOf(at: Route): string {
  switch (at.view) {
    case 'home': return '';
    case 'nowhere': return 'No such page';
    case 'help': return 'Help';
    case 'search': return 'Chains';
    case 'focus': return `${at.service} ${at.operation}`.trim();
    case 'chain': return at.id;
    case 'key': return `${at.kind} ${at.value}`;
    case 'dependencies': return 'Dependencies';
    case 'dependency': return 'Dependency';
  }
}

function Page() {
  const at = route.value;
  const place = placeOf(at);
  const main = useRef<HTMLElement>(null);
  const seen = useRef(place);
  useKeys({ '?': () => (location.hash = toHelp()) });
  useLayoutEffect(() => { // before the first paint: later it would take the keyboard from what a key has just entered
    document.title = title(at);
    if (seen.current === place) return;
    seen.current = place;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);
  return (
    <>
      <Header />
      <main ref={main} tabIndex={-1} class={at.view}><View at={at} /></main>
    </>
  );
}

start();
const patience = 150; // ms: a chain that is there by then is drawn once, not after an empty page
const asked = route.value.view === 'chain' ? Promise.race([beginChain(route.value.id), new Promise((late) => setTimeout(late, patience))]) : undefined;
addEventListener('DOMContentLoaded', async () => {
  if (asked) await asked;
  render(<Page />, document.body);
  restoreTheme();
});
