// What a TypeScript or JavaScript module refers to: its static, dynamic and type-only imports, its re-exports, and
// modules that it names by URL (`new URL("./job.ts", import.meta.url)`, which is how workers start). Parsed, not
// searched for, so that strings and comments do not count. Read by the import table and by the build.
import { parseSync, Visitor } from "oxc-parser";

export interface ModuleImport {
  specifier: string;
  /** `url`: a module or an asset named by `new URL(…, import.meta.url)`; it is not loaded by loading this module. */
  kind: "import" | "url";
  /** `export * from …` */
  exportsAll: boolean;
  /** Where the specifier's string literal stands in the source, quotes included. */
  start: number;
  end: number;
  line: number;
}

interface Literal {
  value: unknown;
  start: number;
  end: number;
}

/**
 * @param path the file's name: it decides the language and stands in errors
 * @throws Error where the source does not parse
 */
export function importsOf(path: string, source: string): ModuleImport[] {
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error) throw new Error(`${path}: ${error.message}`);

  const found: ModuleImport[] = [];
  const add = (literal: Literal | null, kind: ModuleImport["kind"] = "import", exportsAll = false) => {
    if (!literal || typeof literal.value !== "string") return; // a computed specifier names nothing
    const { value: specifier, start, end } = literal;
    found.push({ specifier, kind, exportsAll, start, end, line: source.slice(0, start).split("\n").length });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source, "import", true),
    ImportExpression: (node) => add(node.source.type === "Literal" ? node.source : null),
    TSImportType: (node) => add(node.source), // import("./x.ts").X
    NewExpression: ({ callee, arguments: [path, base] }) => {
      const isUrl = callee.type === "Identifier" && callee.name === "URL";
      const isRelative = base?.type === "MemberExpression" && base.object.type === "MetaProperty";
      if (isUrl && isRelative && path?.type === "Literal") add(path, "url");
    },
  }).visit(program);
  return found.sort((a, b) => a.start - b.start);
}
