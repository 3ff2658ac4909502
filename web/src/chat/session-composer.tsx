import type { RunRequest, SessionDetail } from 'parley-client'
import { useState } from 'react'
import { statusOf } from '../state/chat-state.ts'
import { AgentPicker } from './agent-picker.tsx'
import { useChat, useChatState } from './chat-context.ts'
import { Composer } from './composer.tsx'
import { useSend } from './use-send.ts'

type OnBusy = 'steer' | 'enqueue' | 'interrupt'

/** The composer of a conversation; while the agent is at work a message can still be given to it. */
export function SessionComposer({ session }: { session: SessionDetail }) {
  const { actions, attempt } = useChat()
  const status = useChatState(statusOf)
  const { agent: usual, send } = useSend(session)
  const [chosen, choose] = useState<string>()
  const [onBusy, setOnBusy] = useState<OnBusy>('steer')
  const agent = chosen ?? usual
  const isActive = status !== 'idle'

  const options: { agent?: string; onBusy?: RunRequest['on_busy'] } = {
    ...(agent !== undefined && { agent }),
    ...(isActive && { onBusy }),
  }
  return (
    <div className="composer-frame">
      <Composer
        storageKey={session.id}
        placeholder={agent ? `Message ${agent}` : 'Message'}
        isDisabled={!agent}
        send={(content) => send(content, options)}
        stop={isActive ? () => attempt(actions.stop) : undefined}
        stopsByKey={status === 'running' || status === 'queued'}
        controls={(hasText) => (
          <>
            <AgentPicker agent={agent} choose={choose} />
            {isActive && hasText && <BusyPicker onBusy={onBusy} choose={setOnBusy} />}
          </>
        )}
      />
    </div>
  )
}

const meanings: Record<OnBusy, string> = {
  steer: 'Into this answer',
  enqueue: 'After this answer',
  interrupt: 'Instead of this answer',
}

function BusyPicker({ onBusy, choose }: { onBusy: OnBusy; choose: (onBusy: OnBusy) => void }) {
  return (
    <select
      className="agent-picker"
      aria-label="Where a message goes while the agent answers"
      value={onBusy}
      onChange={({ target }) => {
        const value = (['steer', 'enqueue', 'interrupt'] as const).find(
          (name) => name === target.value,
        )
        if (value) choose(value)
      }}
    >
      {Object.entries(meanings).map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  )
}
