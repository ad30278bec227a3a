/** What the kernel says about itself. */

/**
 * The content of a `kernel_info_reply`.
 *
 * JupyterLab highlights by `codemirror_mode` and `mimetype`: a bare "typescript" is what it knows.
 *
 * @param version the version of the TypeScript compiler
 */
export function kernelInfo(version: string): Readonly<Record<string, unknown>> {
  return {
    status: "ok",
    protocol_version: "5.3",
    implementation: "kintsugi",
    implementation_version: "0.1.0",
    banner: `TypeScript ${version} on Node ${process.versions.node}`,
    debugger: false,
    help_links: [{ text: "TypeScript", url: "https://www.typescriptlang.org/docs/" }],
    language_info: {
      name: "typescript",
      version,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: "typescript",
      nbconvert_exporter: "script",
    },
  };
}
