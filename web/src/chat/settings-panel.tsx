import type { SessionDetail } from 'parley-client'
import { type ReactNode, useId } from 'react'
import { useChat, useChatState } from './chat-context.ts'

/** How the conversation is run: what was allowed in it can be taken back here. */
export function SettingsPanel() {
  const session = useChatState((state) => state.session)
  const { actions, attempt } = useChat()
  if (!session) return null
  return (
    <div className="stack">
      <Switch
        isOn={session.tools_approved}
        change={(tools_approved) => void attempt(() => actions.update({ tools_approved }))}
        about="Every tool runs without asking. What the agent’s file denies stays denied."
      >
        Allow all tools
      </Switch>
      <Switch
        isOn={session.thinking}
        change={(thinking) => void attempt(() => actions.update({ thinking }))}
        about="Models that can reason do so before they answer."
      >
        Think first
      </Switch>
      <Allowed session={session} />
    </div>
  )
}

function Switch({
  isOn,
  change,
  about,
  children,
}: {
  isOn: boolean
  change: (isOn: boolean) => void
  about: string
  children: ReactNode
}) {
  const id = useId()
  return (
    <div className="field" data-switch={true}>
      <input
        id={id}
        type="checkbox"
        checked={isOn}
        aria-describedby={`${id}-about`}
        onChange={(event) => change(event.target.checked)}
      />
      <label htmlFor={id}>{children}</label>
      <p className="muted small" id={`${id}-about`}>
        {about}
      </p>
    </div>
  )
}

/** The rules of the session: what was approved for good, and what a caller has set. */
function Allowed({ session: { permissions } }: { session: SessionDetail }) {
  const { actions, attempt } = useChat()
  const rules = (['allow', 'ask', 'deny'] as const).flatMap((list) =>
    (permissions[list] ?? []).map((pattern) => ({ list, pattern })),
  )
  if (rules.length === 0) return null

  const remove = ({ list, pattern }: (typeof rules)[number]) =>
    void attempt(() =>
      actions.update({
        permissions: {
          ...permissions,
          [list]: (permissions[list] ?? []).filter((other) => other !== pattern),
        },
      }),
    )

  return (
    <div className="stack tight">
      <h3 className="panel-heading">Rules of this conversation</h3>
      <ul className="rules">
        {rules.map((rule) => (
          <li key={`${rule.list} ${rule.pattern}`}>
            <span className="muted">{names[rule.list]}</span>
            <code>{rule.pattern}</code>
            <button
              type="button"
              className="button quiet"
              aria-label={`Remove: ${names[rule.list]} ${rule.pattern}`}
              onClick={() => remove(rule)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

const names = { allow: 'allow', ask: 'ask for', deny: 'deny' }
