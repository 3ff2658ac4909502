import type { ScriptedAnswer } from '../support/model-server.ts'

/** A conversation with an agent of `examples/`, from which its cassette is made. */
export type Example = {
  /** The file below `examples/`, without `.yaml`. */
  file: string
  flags?: string[]
  /** What the user says, and whether what a call asks for is approved. */
  says: { message: string; confirmation?: 'approve' | 'reject' }[]
  /** What the model answers while the cassette is recorded. */
  model: ScriptedAnswer[]
  /** What the last run answers. */
  output: unknown
  /** How the calls of all tools ended, in their order. */
  calls: [name: string, state: string][]
}

const call = (name: string, args: object = {}) => ({
  toolCalls: [{ name, arguments: { ...args } }],
})

const meeting = {
  title: 'Plan the seed order',
  date: '2025-11-04',
  time: '18:30',
  place: 'the shed',
  people: ['Ada', 'Grace'],
}

export const examples: Example[] = [
  {
    file: 'assistant',
    says: [
      { message: 'When is the tap closed?' },
      { message: 'Write that into tap.md, please.', confirmation: 'approve' },
    ],
    model: [
      call('list_directory', { path: '.' }),
      call('read_file', { path: 'rules.md' }),
      { text: 'From November to March (rules.md).' },
      call('write_file', {
        path: 'tap.md',
        content: 'The tap is closed from November to March.\n',
      }),
      { text: 'It stands in tap.md now.' },
    ],
    output: 'It stands in tap.md now.',
    calls: [
      ['list_directory', 'succeeded'],
      ['read_file', 'succeeded'],
      ['write_file', 'succeeded'],
    ],
  },
  {
    file: 'team',
    says: [
      { message: 'How long is a light year in kilometres?' },
      { message: 'Write one sentence about it for children.' },
    ],
    model: [
      call('transfer_task', {
        agent: 'researcher',
        task: 'How many kilometres are a light year?',
        expected_output: 'The number with its source',
      }),
      { text: '9.46 trillion km, by the definition of the International Astronomical Union.' },
      { text: 'A light year is about 9.46 trillion kilometres.' },
      call('handoff', { agent: 'editor' }),
      {
        text: 'In one year light flies 9.46 trillion kilometres. Shall I compare it with something?',
      },
    ],
    output: 'In one year light flies 9.46 trillion kilometres. Shall I compare it with something?',
    calls: [
      ['transfer_task', 'succeeded'],
      ['handoff', 'succeeded'],
    ],
  },
  {
    file: 'mcp/everything',
    says: [{ message: 'What is 17 and 25?' }],
    model: [call('everything_get-sum', { a: 17, b: 25 }), { text: 'get-sum says 42.' }],
    output: 'get-sum says 42.',
    calls: [['everything_get-sum', 'succeeded']],
  },
  {
    file: 'openapi/library',
    says: [{ message: 'Momo for Kim, please.', confirmation: 'approve' }],
    model: [
      call('listBooks', { q: 'momo', free: 'true' }),
      call('lendBook', { id: 1, body: { name: 'Kim' } }),
      { text: 'Momo is yours, Kim.' },
    ],
    output: 'Momo is yours, Kim.',
    calls: [
      ['listBooks', 'succeeded'],
      ['lendBook', 'succeeded'],
    ],
  },
  {
    file: 'extractor',
    says: [{ message: 'Ada and Grace: seed order, 4 November 2025, half past six, in the shed.' }],
    model: [{ text: JSON.stringify(meeting) }],
    output: meeting,
    calls: [],
  },
  {
    file: 'operator',
    flags: ['--enable-shell'],
    says: [
      { message: 'Which beds are there?' },
      { message: 'Remove the notes.' },
      { message: 'Then make an archive of them.', confirmation: 'approve' },
      { message: 'And change the rules.', confirmation: 'reject' },
    ],
    model: [
      call('shell', { cmd: 'cat beds.csv' }),
      { text: 'Those of beds.csv.' },
      call('shell', { cmd: 'rm -rf notes' }),
      { text: 'I may not remove them. Shall I move them into an archive?' },
      call('shell', { cmd: 'tar -cf notes.tar notes' }),
      { text: 'They are in notes.tar as well.' },
      call('edit_file', {
        path: 'rules.md',
        edits: [{ old_text: '# Rules', new_text: '# Our rules' }],
      }),
      { text: 'The rules stay as they are.' },
    ],
    output: 'The rules stay as they are.',
    calls: [
      ['shell', 'succeeded'],
      ['shell', 'denied'],
      ['shell', 'succeeded'],
      ['edit_file', 'denied'],
    ],
  },
]
