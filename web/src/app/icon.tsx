/** Line drawings in a square of 24, named by what they mean here. */
const drawings = {
  add: 'M12 5v14M5 12h14',
  agent:
    'M12 3v3M6.5 6h11a2.5 2.5 0 0 1 2.5 2.500v8a2.5 2.5 0 0 1-2.5 2.500h-11A2.5 2.5 0 0 1 4 16.500v-8A2.5 2.5 0 0 1 6.5 6ZM9 11.500v1.500M15 11.500v1.5',
  alert:
    'M12 8v5M12 16.500v.01M10.3 4 2.7 17.200A2 2 0 0 0 4.4 20h15.200a2 2 0 0 0 1.7-2.800L13.7 4a2 2 0 0 0-3.4 0Z',
  back: 'm15 6-6 6 6 6',
  check: 'm5 12.5 4.5 4.500L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h9a1.5 1.5 0 0 1 1.5 1.500v8A1.5 1.5 0 0 1 18 20H9.500A1.5 1.5 0 0 1 8 18.500V10a1 1 0 0 1 1-1ZM5.5 15H5a1.5 1.5 0 0 1-1.5-1.500v-8A1.5 1.5 0 0 1 5 4h8.500A1.5 1.5 0 0 1 15 5.500V6',
  dark: 'M20 14.500A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500Z',
  down: 'm6 9 6 6 6-6',
  download: 'M12 4v11m0 0-4.5-4.500M12 15l4.5-4.500M4.5 19.500h15',
  edit: 'M4 20h4L19 9a2.1 2.1 0 0 0-3-3L5 17l-1 3ZM14 8l3 3',
  forward: 'm9 6 6 6-6 6',
  fork: 'M7 8a2.25 2.25 0 1 0 0-4.5A2.25 2.25 0 0 0 7 8ZM7 20.5A2.25 2.25 0 1 0 7 16a2.25 2.25 0 0 0 0 4.5ZM17 8a2.25 2.25 0 1 0 0-4.5A2.25 2.25 0 0 0 17 8ZM7 8v8M17 8c0 5-10 3-10 8',
  help: 'M9.2 9a2.9 2.9 0 1 1 4.3 2.600c-.9.5-1.5 1.2-1.5 2.200M12 17v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  key: 'M8 20a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM11.2 12.3 20 3.5M16.5 7l3 3M13.8 9.7l2 2',
  light:
    'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2.500V5M12 19v2.500M2.5 12H5M19 12h2.500M5.3 5.3 7 7M17 17l1.7 1.700M18.7 5.3 17 7M7 17l-1.7 1.7',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  panel:
    'M5 4.500h14A1.5 1.5 0 0 1 20.5 6v12a1.5 1.5 0 0 1-1.5 1.500H5A1.5 1.5 0 0 1 3.5 18V6A1.5 1.5 0 0 1 5 4.500ZM14.5 4.500v15',
  pause: 'M8.5 6v12M15.5 6v12',
  play: 'M8 5.500v13l10.5-6.500Z',
  retry:
    'M4.5 12a7.5 7.5 0 0 1 13-5L20 9.500M20 4.500v5h-5M19.5 12a7.5 7.5 0 0 1-13 5L4 14.500M4 19.500v-5h5',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM20 20l-4.9-4.9',
  send: 'M12 19V5m0 0-6 6m6-6 6 6',
  stop: 'M7.5 6h9A1.5 1.5 0 0 1 18 7.500v9a1.5 1.5 0 0 1-1.5 1.500h-9A1.5 1.5 0 0 1 6 16.500v-9A1.5 1.5 0 0 1 7.5 6Z',
  system:
    'M4.5 5h15A1.5 1.5 0 0 1 21 6.500v9a1.5 1.5 0 0 1-1.5 1.500h-15A1.5 1.5 0 0 1 3 15.500v-9A1.5 1.5 0 0 1 4.5 5ZM9 20.500h6M12 17v3.5',
  think:
    'M12 3.500a6 6 0 0 0-3.5 10.900c.6.5 1 1.2 1 2v.6h5v-.6c0-.8.4-1.5 1-2A6 6 0 0 0 12 3.500ZM10 20.500h4',
  tool: 'M14.7 6.300a1 1 0 0 0 0 1.400l1.6 1.600a1 1 0 0 0 1.4 0l3.3-3.300a5.5 5.5 0 0 1-7.3 7.300l-6.6 6.600a2.1 2.1 0 0 1-3-3l6.6-6.600a5.5 5.5 0 0 1 7.3-7.300Z',
  trash:
    'M4.5 7h15M9.5 7V4.500h5V7M6.5 7l.8 12a1.5 1.5 0 0 0 1.5 1.500h6.400a1.5 1.5 0 0 0 1.5-1.500l.8-12M10 11v5.500M14 11v5.5',
} as const

export type IconName = keyof typeof drawings

/** Decoration: what it says is said in words beside it, or by the label of the button. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.75 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={drawings[name]} />
    </svg>
  )
}
