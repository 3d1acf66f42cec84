// The rules of the code. The folder src/ipc alone may talk to Tauri.
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
    {
        ignores: [
            "dist",
            "dist-mock",
            "node_modules",
            "public",
            "src/ipc/bindings.ts",
            "src/ipc/bindings.examples.ts",
            "test-results",
        ],
    },
    ...tseslint.configs.strict,
    {
        files: ["**/*.{ts,tsx}"],
        plugins: { "react-hooks": reactHooks },
        rules: {
            "react-hooks/rules-of-hooks": "error",
            "react-hooks/exhaustive-deps": "error",
            "@typescript-eslint/no-explicit-any": "error",
            "@typescript-eslint/no-unused-vars": [
                "error",
                { varsIgnorePattern: "^_", argsIgnorePattern: "^_" },
            ],
            "no-restricted-imports": [
                "error",
                {
                    patterns: [
                        { group: ["@tauri-apps/*"], message: "Only src/ipc talks to Tauri." },
                    ],
                },
            ],
            "no-restricted-syntax": [
                "error",
                {
                    selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
                    message: "What others wrote is text, never markup.",
                },
            ],
        },
    },
    { files: ["src/ipc/**"], rules: { "no-restricted-imports": "off" } },
);
