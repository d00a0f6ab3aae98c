// SPDX-License-Identifier: Apache-2.0
//
// The page's icons, drawn on a 24 grid with a stroke of 1.8; none stands without a label or a title.
import type { ComponentChildren, JSX } from 'preact';

const PATHS = {
  system: (
    <>
      <rect x="3" y="9" width="6" height="6" rx="1.5" />
      <rect x="15" y="3" width="6" height="6" rx="1.5" />
      <rect x="15" y="15" width="6" height="6" rx="1.5" />
      <path d="M9 12h2.5M15 6h-1.5a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2H15" />
    </>
  ),
  metrics: <path d="M3.5 4v16h17M7 15l4-5 3.5 3 5-7" />,
  compare: (
    <>
      <rect x="3.5" y="4" width="7" height="16" rx="1.5" />
      <rect x="13.5" y="4" width="7" height="16" rx="1.5" />
    </>
  ),
  stream: <path d="M4 5h16M4 10h11M4 15h16M4 20h9" />,
  query: <path d="M4 6l6 6-6 6M12 19h8" />,
  copy: (
    <>
      <rect x="8" y="8" width="12" height="12" rx="2" />
      <path d="M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2" />
    </>
  ),
  link: <path d="M10 14a4.5 4.5 0 0 0 6.4 0l3-3A4.5 4.5 0 0 0 13 4.6l-1.2 1.2M14 10a4.5 4.5 0 0 0-6.4 0l-3 3A4.5 4.5 0 0 0 11 19.4l1.2-1.2" />,
  sun: (
    <>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 2.5v2.5M12 19v2.5M2.5 12h2.5M19 12h2.5M5.3 5.3l1.7 1.7M17 17l1.7 1.7M18.7 5.3L17 7M7 17l-1.7 1.7" />
    </>
  ),
  moon: <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />,
  help: <path d="M8.5 8.5a3.6 3.6 0 1 1 5.3 3.2c-1.2.7-1.8 1.5-1.8 2.8M12 18.6v.2" />,
  close: <path d="M5 5l14 14M19 5L5 19" />,
  search: (
    <>
      <circle cx="10.5" cy="10.5" r="6" />
      <path d="M15 15l5.5 5.5" />
    </>
  ),
  prev: <path d="M14.5 6l-6 6 6 6" />,
  next: <path d="M9.5 6l6 6-6 6" />,
  first: <path d="M17 6l-6 6 6 6M6.5 5v14" />,
  last: <path d="M7 6l6 6-6 6M17.5 5v14" />,
  play: <path d="M7 4.5v15l12-7.5z" fill="currentColor" stroke-linejoin="round" />,
  pause: <path d="M8 5v14M16 5v14" stroke-width="3.6" />,
  down: <path d="M12 4v15M6 13l6 6 6-6" />,
  back: <path d="M20 12H5M11 6l-6 6 6 6" />,
} satisfies Record<string, JSX.Element>;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size} height={size} viewBox="0 0 24 24" aria-hidden="true"
      fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"
    >
      {PATHS[name]}
    </svg>
  );
}

/** The mark: a clock that turns back. */
export function Mark() {
  return (
    <svg width="26" height="26" viewBox="0 0 24 24" role="img" aria-label="Traversion" fill="none" stroke-linecap="round" stroke-linejoin="round">
      <path d="M8 3.9A9 9 0 1 1 3.6 9" stroke="var(--ink)" stroke-width="2" />
      <path d="M3 4v5h5" stroke="var(--ink)" stroke-width="2" />
      <path d="M12 7.2v5.3l3 1.9" stroke="var(--acc)" stroke-width="2" />
    </svg>
  );
}

interface ButtonProps {
  icon?: IconName;
  label: string;
  onClick: () => void;
  children?: ComponentChildren;
  class?: string;
  disabled?: boolean;
  pressed?: boolean;
}

/** An icon button: its label is its accessible name and its tooltip. */
export function IconButton({ icon, label, onClick, children, class: more = '', disabled = false, pressed }: ButtonProps) {
  return (
    <button
      type="button" class={`btn icon ${more}`} aria-label={label} title={label} disabled={disabled}
      aria-pressed={pressed} onClick={onClick}
    >
      {icon ? <Icon name={icon} /> : null}
      {children}
    </button>
  );
}
