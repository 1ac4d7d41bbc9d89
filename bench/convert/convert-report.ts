/** What the benchmark of conversions found, beside its targets, and the page made of it. Pure: nothing is measured here. */
import { markdownTable } from "../common/markdown-table.ts";
import {
  describeCommit,
  describeDate,
  describeMachine,
  type RecordOf,
  type SourceConditions,
} from "../common/record.ts";
import { ratiosOf, spreadOf } from "../common/statistics.ts";

export interface ConvertMeasured {
  /** Of each round, in order, from the start of the process to its end. */
  readonly milliseconds: number[];
  readonly peakMiB: number[];
}

export interface ConvertResult {
  /** Of the .pth. */
  readonly fileBytes: number;
  readonly commands: Readonly<Record<"residual" | "Python", ConvertMeasured>>;
  readonly conditions: SourceConditions & { readonly node: string; readonly python: string };
}

/** The targets: no slower than Python in the same round, and a peak of at most one and a half times the file. */
export function targetsOf({ fileBytes, commands: { residual, Python } }: ConvertResult) {
  const faster = spreadOf(ratiosOf(Python.milliseconds, residual.milliseconds)).median;
  const peak = (Math.max(...residual.peakMiB) * 2 ** 20) / fileBytes;
  return [
    { what: "Python's time over ours", found: faster, target: "at least 1", reached: faster >= 1 },
    { what: "largest peak memory over the file's size", found: peak, target: "at most 1.5", reached: peak <= 1.5 },
  ];
}

export function convertTable(result: ConvertResult): string {
  const rows = Object.entries(result.commands).map(([name, { milliseconds, peakMiB }]) => {
    const { median, low, high } = spreadOf(milliseconds);
    return [name, median.toFixed(0), `${low.toFixed(0)} to ${high.toFixed(0)}`, spreadOf(peakMiB).median.toFixed(0)];
  });
  const targets = targetsOf(result).map(({ what, found, target, reached }) => {
    return [what, found.toFixed(2), target, reached ? "met" : "MISSED"];
  });
  return `${markdownTable([["what", "found", "target", ""], ...targets])}\n\n${markdownTable([["command", "ms", "quartiles", "peak MiB"], ...rows])}`;
}

/** bench/results/convert.md; `file` is the record's. */
export function convertPage({ machine, results }: RecordOf<ConvertResult>, file: string): string {
  const parts = results.map((result) => {
    const { date, load, node, python } = result.conditions;
    return `resnet50's .pth, ${(result.fileBytes / 1e6).toFixed(1)} MB; Node ${node}; ${python}; ${describeCommit(result.conditions)}, measured ${describeDate(date)}, load before ${load.toFixed(1)}.

${convertTable(result)}`;
  });
  return `# A .pth to safetensors by the command, beside Python

\`residual convert IN OUT\` and \`torch.load\` with \`safetensors.torch.save_file\`, both from the start of the process to its end, in turns. Both files
hold the same bytes of each tensor. All numbers are in [${file}](${file}); how they come about is in [bench/README.md](../README.md).

Machine: ${describeMachine(machine)}.

${parts.join("\n\n")}
`;
}
