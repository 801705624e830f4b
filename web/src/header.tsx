// The bar on every page: where one is, search, environment, window, theme.
import { useState } from 'preact/hooks';
import { api } from './api.ts';
import { live } from './format.ts';
import { useLoad } from './load.ts';
import { type Route, defaultFrom } from './route.ts';
import { chooseTheme, go, isDark, narrowed, reachable, route, theme, toDependencies, toHelp, toHome, toSearch } from './state.ts';
import { SearchBox } from './searchbox.tsx';

export function Header() {
  const at = route.value;
  return (
    <header>
      <a class="brand" href={toHome()} aria-current={at.view === 'home' ? 'page' : undefined} title="Latest failures, entrances and the graph">
        <Mark /><span>JCallGraph</span>
      </a>
      <SearchBox />
      <nav aria-label="Pages">
        <a href={toSearch()} aria-current={at.view === 'search' ? 'page' : undefined}>Chains</a>
        <a href={toDependencies()} aria-current={at.view === 'dependencies' ? 'page' : undefined} title="What stops when a call fails">Dependencies</a>
      </nav>
      <div class="settings">
        <EnvironmentPicker at={at} />
        <WindowPicker at={at} />
        <ThemeButton />
        <a class="icon" href={toHelp()} aria-label="Help" title="Help (?)" aria-current={at.view === 'help' ? 'page' : undefined}>?</a>
      </div>
      {!reachable.value && <p class="lost" role="alert">The collector does not answer. What you see is the last it said; trying again.</p>}
    </header>
  );
}

const Mark = () => (
  <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
    <path d="M4 10C9 10 9 4 15 4M4 10C9 10 9 16 15 16" fill="none" stroke="currentColor" stroke-width="1.6" />
    <circle cx="4" cy="10" r="3" /><circle cx="16" cy="4" r="2.4" /><circle cx="16" cy="16" r="2.4" />
  </svg>
);

function EnvironmentPicker({ at }: { at: Route }) {
  const { value } = useLoad('environments', api.environments(), 60_000);
  const names = new Set(value?.environments.map((e) => e.environment).filter(Boolean));
  if (at.environment) names.add(at.environment);
  if (names.size === 0) return null;
  return (
    <select aria-label="Environment" value={at.environment} onChange={(e) => go(narrowed(at, e.currentTarget.value))}>
      <option value="">All environments</option>
      {[...names].sort().map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  );
}

const presets: [string, string][] = [
  ['-5m', 'Last 5 minutes'], ['-15m', 'Last 15 minutes'], ['-1h', 'Last hour'], ['-6h', 'Last 6 hours'], ['-24h', 'Last 24 hours'], ['-168h', 'Last 7 days'],
];

function WindowPicker({ at }: { at: Route }) {
  const preset = live(at.to) && presets.some(([from]) => from === at.from) ? at.from : 'custom';
  const [open, setOpen] = useState(false);
  const choose = (from: string) => {
    setOpen(from === 'custom');
    if (from !== 'custom') go({ ...at, from, to: '' });
  };
  return (
    <div class="window">
      <select aria-label="Time window" value={open ? 'custom' : preset} onChange={(e) => choose(e.currentTarget.value)}>
        {presets.map(([from, name]) => <option key={from} value={from}>{name}</option>)}
        <option value="custom">From … to …</option>
      </select>
      {(open || preset === 'custom') && <CustomWindow at={at} done={() => setOpen(false)} />}
    </div>
  );
}

/** CustomWindow takes what the API takes; a wrong one is told where it was typed. */
function CustomWindow({ at, done }: { at: Route; done: () => void }) {
  const [from, setFrom] = useState(at.from);
  const [to, setTo] = useState(at.to);
  const apply = (event: Event) => {
    event.preventDefault();
    done();
    go({ ...at, from: from.trim() || defaultFrom, to: to.trim() });
  };
  return (
    <form class="custom" onSubmit={apply} title="A distance from now such as -15m or -2h, or a time such as 2026-01-31T12:00:00Z">
      <input aria-label="From" value={from} placeholder="-15m" onInput={(e) => setFrom(e.currentTarget.value)} />
      <span aria-hidden="true">→</span>
      <input aria-label="To" value={to} placeholder="now" onInput={(e) => setTo(e.currentTarget.value)} />
      <button type="submit">Apply</button>
    </form>
  );
}

function ThemeButton() {
  const dark = theme.value === '' ? isDark() : theme.value === 'dark';
  return (
    <button type="button" class="icon" onClick={() => chooseTheme(dark ? 'light' : 'dark')} aria-label={dark ? 'Light theme' : 'Dark theme'} title={dark ? 'Light theme' : 'Dark theme'}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5" /><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" /></svg>
    </button>
  );
}
