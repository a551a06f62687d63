// What a model pays for our tools, counted with o200k_base: the list of
// tools with its descriptions and schemas, the instructions, and a result of
// 50 rows and 8 columns.  usage: node tokens.mjs MODULES, acdb-mcp's lines of
// these (ids list, hello, rows) on standard input.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const load = createRequire(`${process.argv[2]}/`);
const { countTokens } = load('gpt-tokenizer/encoding/o200k_base');
const answers = {};
for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
	const m = JSON.parse(line);
	answers[m.id] = m.result;
}
let failed = 0;
function within(what, text, most) {
	const n = countTokens(text);
	failed += n > most;
	console.log(`${n > most ? 'not ok' : 'ok'} - ${what}: ${n} tokens, ` +
	    `at most ${most}`);
}
const { tools } = answers.list;
within('tools/list', JSON.stringify(tools), 2500);
// Of what clients show their model: they leave outputSchema and annotations
// out.
within('names, descriptions, input schemas', JSON.stringify(tools.map(t =>
    ({ name: t.name, description: t.description,
    input_schema: t.inputSchema }))), 1800);
within('instructions', answers.hello.instructions, 250);
const { content, structuredContent } = answers.rows;
if (structuredContent.rows.length !== 50 ||
    structuredContent.columns.length !== 8)
	throw new Error('not 50 rows of 8 columns');
within('50 rows of 8 columns', content[0].text, 2200);
// Against what rows as objects would cost.
const { columns, rows } = structuredContent;
const objects = rows.map(r => Object.fromEntries(columns.map((c, i) =>
    [c, r[i]])));
within('of that as objects, 75%', content[0].text,
    Math.floor(countTokens(JSON.stringify(objects)) * 0.75));
process.exit(failed ? 1 : 0);
