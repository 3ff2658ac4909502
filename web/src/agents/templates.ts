/** Where a new agent begins. */
export const templates: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: 'Assistant',
    text: `agents:
  root:
    description: Answers questions
    instruction: |
      You answer questions shortly and clearly.
`,
  },
  {
    name: 'Works with files',
    text: `agents:
  root:
    description: Reads and writes files of the workspace
    instruction: |
      You help with the files of the workspace. Look before you write.
    toolsets:
      - type: filesystem
      - type: think
      - type: todo
`,
  },
  {
    name: 'Team',
    text: `agents:
  root:
    description: Leads a small team
    instruction: |
      You split a task, hand its parts to your team, and put the results together.
    sub_agents: [researcher, writer]
  researcher:
    description: Finds things out on the web
    instruction: You find facts and name where they come from.
    toolsets:
      - type: fetch
  writer:
    description: Writes texts
    instruction: You write short and clear texts.
`,
  },
]
