/* A table saved as text. After pathway/scenario/table_files.py and numerals.py, in whose words mistakes are told. */

const EXCEL_SEPARATOR = /^"?sep=(.)"?,*$/, EXCEL_ERROR = /^#(N\/A|NA|DIV\/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)\s*([,;\t"]|$)/;

/* A mistake in a file: what is wrong, and on which line. */
class TableError extends Error {
  constructor(text, line = 1) {
    super(text);
    this.line = line;
  }
}

/* {header, headerLine, rows: [[line, {name: cell}]], mistakes: [[line, text]], delimiter} */
function readTable(text) {
  if (text.startsWith("PK\u0003\u0004")) throw new TableError("this is a workbook, not text; save it as 'CSV UTF-8'");
  if (text.includes("\ufffd")) throw new TableError("not UTF-8 text; save it as 'CSV UTF-8'", lineOf(text, "\ufffd"));
  if (text.includes("\0")) throw new TableError("not text: it has null characters", lineOf(text, "\0"));
  let lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).map((line, k) => [k + 1, line]).filter(([, line]) => line.trim());
  lines = lines.filter(([, line]) => !line.startsWith("#") || EXCEL_ERROR.test(line));
  const said = lines.length ? EXCEL_SEPARATOR.exec(lines[0][1].trim()) : null;
  if (said) lines.shift();
  if (!lines.length) throw new TableError("this file is empty");
  const count = (sign) => lines[0][1].split(sign).length;
  const delimiter = said ? said[1] : [",", ";", "\t"].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
  const [[headerLine, heading], ...body] = lines.map(([line, row]) => [line, cellsOf(row, delimiter, line)]);
  const header = heading.map((name) => name.split(/\s+/).filter(Boolean).join(" ")), mistakes = [];
  header.forEach((name, k) => {
    if (!name && body.some(([, cells]) => cells[k])) mistakes.push([headerLine, `column ${k + 1} has no name`]);
  });
  for (const [line, cells] of body) {
    if (cells.slice(header.length).some(Boolean)) {
      const hint = delimiter === "," ? "; the decimal sign is a dot" : "";
      mistakes.push([line, `${cells.length} cells under ${header.length} columns${hint}`]);
    }
  }
  const rows = body.filter(([, cells]) => cells.some(Boolean)).map(([line, cells]) => [line,
    new Map(header.map((name, k) => [name, cells[k]]).filter(([name, cell]) => name && cell !== undefined))]);
  return { header: header.filter(Boolean), headerLine, rows, mistakes, delimiter };
}

const lineOf = (text, sign) => text.slice(0, text.indexOf(sign)).split("\n").length;

/* The cells of one line; a quotation mark ends on the line where it begins. */
function cellsOf(row, delimiter, line) {
  const cells = [];
  let k = 0;
  for (;;) {
    let cell = "";
    if (row[k] === '"') {
      for (k++; ; k++) {
        if (k >= row.length) throw new TableError("a quotation mark is missing", line);
        if (row[k] !== '"') cell += row[k];
        else if (row[k + 1] === '"') cell += row[k++];
        else break;
      }
      k++;
      if (k < row.length && row[k] !== delimiter) throw new TableError("a quotation mark stands within a cell", line);
    } else {
      const end = row.indexOf(delimiter, k);
      cell = row.slice(k, end < 0 ? row.length : end);
      k += cell.length;
    }
    cells.push(cell.trim());
    if (k >= row.length) return cells;
    k++;
  }
}

/* Numbers with a comma as the decimal sign, and dots or commas between thousands. */

const WRITTEN = /^([<>]?\s*[-+]?)([\d.,]*\d[.,]?)((?:[eE][-+]?\d+)?(?:\s*[^\d\s.,].*)?)$/, OTHER = { ".": ",", ",": "." };
const NAMES = { ".": "dot", ",": "comma" };
const grouped = (digits, sign) => new RegExp(`^[1-9]\\d{0,2}(?:\\${sign}\\d{3})+$`).test(digits);

/* The decimal sign that a number must have ("": it says nothing), and the sign that may be either. */
function signsOf(cell) {
  const found = WRITTEN.exec(cell), signs = found ? [".", ","].filter((sign) => found[2].includes(sign)) : [];
  if (!signs.length) return ["", ""];
  const digits = found[2], [sign] = signs;
  if (signs.length === 2) return [digits.lastIndexOf(".") > digits.lastIndexOf(",") ? "." : ",", ""];
  if (digits.split(sign).length > 2) return grouped(digits, sign) ? [OTHER[sign], ""] : ["", ""];
  return grouped(digits, sign) && !/^e/i.test(found[3]) ? ["", sign] : [sign, ""];
}

/* The table with the numbers of these columns as JavaScript writes them. */
function withPlainNumbers(table, columns, decimal) {
  if (!decimal && table.delimiter === ",") return table;
  const cells = table.rows.flatMap(([line, row]) => columns.filter((name) => row.get(name)).map((name) => [line, name, row.get(name)]));
  const found = cells.map((one) => [...one, ...signsOf(one[2])]), sure = found.filter((one) => one[3]);
  const sign = decimal || (sure.length ? sure[0][3] : "");
  if (!sign) {
    const open = found.filter((one) => one[4]).map(([line, name, text, , either]) => [line,
      `${name} '${text}' may be ${text.replaceAll(either, ".")} or ${text.replaceAll(either, "")}, and nothing in this file decides; ` +
      `write it without the ${NAMES[either]}, or say decimal = "." or "," in [data]`]);
    return { ...table, mistakes: [...table.mistakes, ...open] };
  }
  const like = sure.find((one) => one[3] === sign);
  const example = like ? `line ${like[0]} has a ${NAMES[sign]} ('${like[2]}')` : `it is a ${NAMES[sign]} in this file`;
  const mistakes = sure.filter((one) => one[3] !== sign)
    .map(([line, name, text, own]) => [line, `${name} '${text}' has a ${NAMES[own]} as its decimal sign, but ${example}`]);
  const thousands = found.some((one) => (WRITTEN.exec(one[2]) || ["", "", ""])[2].includes(OTHER[sign])) ? OTHER[sign] : "";
  const rows = table.rows.map(([line, row]) => [line,
    new Map([...row].map(([name, cell]) => [name, columns.includes(name) ? plainNumber(cell, sign, thousands) : cell]))]);
  return { ...table, rows, mistakes: [...table.mistakes, ...mistakes] };
}

function plainNumber(cell, decimal, thousands) {
  const found = WRITTEN.exec(cell);
  if (!found) return cell;
  let digits = found[2];
  if (thousands && digits.includes(thousands)) {
    const [whole, ...rest] = digits.split(decimal), part = rest.join(decimal);
    if (!grouped(whole, thousands) || part.includes(thousands)) return cell;
    digits = whole.replaceAll(thousands, "") + (rest.length ? decimal + part : "");
  }
  return found[1] + digits.replaceAll(decimal, ".") + found[3];
}

/* errors.did_you_mean: by the share of letters that two words have in common, in the same order. */
function didYouMean(name, known) {
  const spelling = (word) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const asked = spelling(name), low = name.toLowerCase(), words = [...new Map(known.map((own) => [own.toLowerCase(), own]))];
  const near = words.map(([word]) => [similarity(word, low), word]).filter(([share]) => share >= 0.6)
    .sort(([a, one], [b, two]) => b - a || (one < two ? 1 : -1)).slice(0, 3).map(([, word]) => word);
  const longer = words.map(([word]) => word).filter((word) => asked.length > 2 && spelling(word).startsWith(asked) && !near.includes(word));
  const chosen = [...near, ...longer.sort((a, b) => a.length - b.length)].slice(0, 3), shown = new Map(words);
  return chosen.length ? ` Did you mean ${chosen.map((word) => `'${shown.get(word)}'`).join(" or ")}?` : "";
}

/* difflib.SequenceMatcher.ratio */
function similarity(a, b) {
  if (2 * Math.min(a.length, b.length) < 0.6 * (a.length + b.length)) return 0; // it cannot reach that
  const matches = (alo, ahi, blo, bhi) => {
    let best = 0, i = 0, j = 0;
    for (let p = alo; p < ahi; p++) for (let q = blo; q < bhi; q++) {
      let size = 0;
      while (p + size < ahi && q + size < bhi && a[p + size] === b[q + size]) size++;
      if (size > best) [best, i, j] = [size, p, q];
    }
    return best ? best + matches(alo, i, blo, j) + matches(i + best, ahi, j + best, bhi) : 0;
  };
  return a.length + b.length ? (2 * matches(0, a.length, 0, b.length)) / (a.length + b.length) : 1;
}
