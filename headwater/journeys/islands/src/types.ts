// What the server gives: queries/canvas.py writes these shapes.

export type Target = string | null;
export type Json = any;

export interface Step {
  kind: string;
  title?: string;
  settings?: Record<string, Json>;
  next?: Target;
  arms?: Record<string, Target>;
}

export interface Rule {
  kind: string;
  [key: string]: Json;
}

export interface Graph {
  entry: Rule[];
  reentry: Record<string, Json>;
  goal: Rule | null;
  exits: Rule[];
  start: Target;
  steps: Record<string, Step>;
  [key: string]: Json;
}

export interface Choice {
  value: Json;
  label: string;
  hint?: string;
}

/** One setting of a step or rule, as `Field.describe()` of engine/fields.py gives it. */
export interface Field {
  name: string;
  type: string;
  label: string;
  help: string;
  required: boolean;
  default: Json;
  source: string | null;
  choices: Choice[] | null;
  shown: { field: string; values: Json[] } | null;
  longest?: number;
  least?: number;
  most?: number;
  any?: boolean;
}

/** A way out of a step: engine/base.py says what "each", "if" and "label_from" mean. */
export interface Way {
  id?: string;
  label?: string;
  each?: string;
  if?: string;
  label_from?: string;
}

export interface Kind {
  id: string;
  label: string;
  icon: string;
  hue: number;
  group: string;
  help?: string;
  waits: boolean;
  fields: Field[];
  arms: Way[];
}

export interface RuleKind {
  id: string;
  label: string;
  icon: string;
  hue: number;
  help: string;
  fields: Field[];
  uses: string[];
}

export interface Count {
  here: number;
  stats: [string, string][];
  failed: number;
  shares: Record<string, string>;
}

export interface Problem {
  where: string;
  message: string;
  step: string | null;
  rule: string | null;
  field: string | null;
}

/** The draft, as GET and PUT /api/v1/journeys/ID/draft answer (queries/draft.py). */
export interface Draft {
  id: number;
  name: string;
  description: string;
  status: "draft" | "live" | "paused";
  revision: number;
  version: number | null;
  changed: boolean;
  saved_at: string;
  saved_by: { actor: string; name: string };
  graph: Graph;
  problems: Problem[];
  titles: Record<string, string>;
  rules: Record<string, string>;
}

/** Who changed the draft, and when: of the answer 409, and of the numbers. */
export interface Edited {
  by: { actor: string; name: string };
  at: string;
  revision: number;
}

/** What the picture shows of the people in it (views/canvas.py). */
export interface Numbers {
  status: "draft" | "live" | "paused";
  version: number | null;
  edited: Edited;
  counts: Record<string, Count>;
  entered: number;
  figures: [string, string][];
}

export interface Version {
  number: number;
  published_at: string;
  by: string | { name: string };
  people: number;
  current: boolean;
}

/** A step that holds people, and what publishing makes of it */
export interface Held {
  step: string;
  title: string;
  people: number;
  change: "removed" | "changed" | "same";
}

/** What publishing would change (queries/versions.py: plan). */
export interface Plan {
  people: number;
  steps: Held[];
  targets: { step: string; title: string }[];
  changes: { what: string; title: string; words: string }[];
}

export interface Palette {
  groups: { id: string; label: string }[];
  steps: Kind[];
  rules: RuleKind[];
  reentry: Field[];
  only: Field;
  hours: Field[];
  conditions?: Json;
  leaves: Json;
}

export interface Boot {
  draft: Draft;
  /** the published graph, null before the first time */
  live: Graph | null;
  numbers: Numbers;
  palette: Palette;
  choices: Record<string, Choice[]>;
  statuses: Record<string, string>;
  urls: Record<string, string>;
  /** Where a record of a source stands (0 where its id goes), and where a new one is made */
  records: Record<string, { open: string; new?: string; label?: string }>;
  /** What holds up the messages of a kind of step, in words */
  holds: Record<string, string>;
  /** The journey's other pages, in their order */
  pages: { url: string; label: string; icon: string }[];
  icons: string;
  conditions: { styles: string[]; scripts: string[] };
  texts: Record<string, string>;
  language: string;
  zone: string;
  me: string;
  readonly: boolean;
  opened: string;
}
