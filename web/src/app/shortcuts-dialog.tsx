import { Dialog } from './dialog.tsx'

const modifier = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl'

const shortcuts: readonly [keys: string[], meaning: string][] = [
  [['Enter'], 'Send the message'],
  [['Shift', 'Enter'], 'New line'],
  [['Escape'], 'Stop the answer'],
  [['/'], 'Write a message'],
  [[modifier, 'K'], 'Search conversations'],
  [[modifier, 'Shift', 'O'], 'New conversation'],
  [['?'], 'Show this list'],
]

export function ShortcutsDialog({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  return (
    <Dialog title="Keyboard" isOpen={isOpen} close={close}>
      <dl className="shortcuts">
        {shortcuts.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
