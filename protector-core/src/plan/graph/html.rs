//! One HTML document that needs nothing else: no script, no network, readable in light, dark and on paper. Written so that
//! it is XML too.

use super::{Graph, svg};
use crate::plan::{Finding, Severity};

pub(crate) use super::text::xml;

/// What the browser may do with the document: nothing but show it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const CSS: &str = "\
:root{color-scheme:light dark;--text:#1f2328;--muted:#57606a;--page:#ffffff;--band:#f6f8fa;--line:#d0d7de;\
--good:#1a7f37;--bad:#cf222e;--warn:#9a6700;--busy:#0969da}\
@media screen and (prefers-color-scheme:dark){:root{--text:#e6edf3;--muted:#9198a1;--page:#0d1117;--band:#161b22;\
--line:#30363d;--good:#3fb950;--bad:#ff7b72;--warn:#d29922;--busy:#58a6ff}}\
body{margin:1.5rem;background:var(--page);color:var(--text);font:15px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}\
h1{font-size:1.4rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}\
.muted{color:var(--muted)}code{font:13px ui-monospace,monospace}\
table{border-collapse:collapse;width:100%}th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}\
th{background:var(--band)}.alarm{color:var(--bad);font-weight:bold}tr{break-inside:avoid}\
.finding,.verdict{border-left:5px solid var(--muted);background:var(--band);padding:.4rem .8rem;margin:.4rem 0}\
.verdict{font-size:1.15rem;font-weight:bold}\
.good{border-color:var(--good)}.bad{border-color:var(--bad)}.warn{border-color:var(--warn)}.busy{border-color:var(--busy)}\
.bar{border:1px solid var(--muted);height:.9rem;max-width:40rem}.bar div{background:var(--busy);height:100%}\
.picture{overflow-x:auto;border:1px solid var(--line)}\
@media print{body{margin:0;font-size:11px}.picture{overflow:visible;border:0}.picture svg{width:100%;height:auto}}";

pub(super) fn render(graph: &Graph) -> String {
    let mut body = format!("<h1>{}</h1>\n", xml(&graph.title()));
    body.push_str(&format!("<p class=\"muted\"><code>{}</code>; {}</p>\n", xml(&graph.plan), xml(&graph.summary())));
    body.push_str(&format!("<p>Expected loss: {}.</p>\n", xml(&graph.expected_loss)));
    if let Some(p) = &graph.progress {
        let percent = p.percent.min(100);
        body.push_str(&format!(
            "<p>Progress: {percent} %, operation <code>{}</code> is {}.</p>\n<div class=\"bar\"><div style=\"width:{percent}%\"></div></div>\n",
            xml(p.operation.as_str()),
            p.status
        ));
    }
    body.push_str(&troubles(graph));
    body.push_str(&findings(&graph.findings));
    body.push_str(&picture(graph));
    document(&graph.title(), &body)
}

/// A whole document around `body`, which is HTML already.
pub(crate) fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>{}</title>\n<style>{CSS}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        xml(POLICY),
        xml(title)
    )
}

/// The drawing with how to read it.
pub(crate) fn picture(graph: &Graph) -> String {
    let collapsed = if graph.collapsed { " Steps that do the same are drawn as one." } else { "" };
    format!(
        "<p class=\"muted\">Columns are phases, arrows lead to what comes after.{collapsed}</p>\n<div class=\"picture\">\n{}</div>\n",
        svg::embedded(graph)
    )
}

/// What speaks against the plan, with what to do.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut out = String::from("<h2>Findings</h2>\n");
    if findings.is_empty() {
        out.push_str("<p>None: nothing speaks against this plan.</p>\n");
    }
    for finding in findings {
        let (word, class) = match finding.severity {
            Severity::Blocker => ("Blocker", "bad"),
            Severity::Warning => ("Warning", "warn"),
        };
        out.push_str(&format!(
            "<div class=\"finding {class}\"><p><b>{word}</b> [{}] {}</p>",
            xml(&finding.code.to_string()),
            xml(&finding.message)
        ));
        if let Some(remedy) = &finding.remedy {
            out.push_str(&format!("<p>What to do: <code>{}</code></p>", xml(remedy)));
        }
        if let Some(consent) = finding.consent {
            let given = if finding.severity == Severity::Blocker { "needed" } else { "given" };
            out.push_str(&format!("<p>Consent: {consent} ({given})</p>"));
        }
        out.push_str("</div>\n");
    }
    out
}

/// Steps that failed or were skipped, with why.
fn troubles(graph: &Graph) -> String {
    let Some(progress) = graph.progress.as_ref().filter(|p| !p.troubles.is_empty()) else { return String::new() };
    let mut out = String::from("<h2>Failed and skipped steps</h2>\n");
    for trouble in &progress.troubles {
        let class = if trouble.state == super::StepWord::Failed { "bad" } else { "warn" };
        out.push_str(&format!(
            "<div class=\"finding {class}\"><p><b>{}</b> {}: {}</p></div>\n",
            trouble.state,
            xml(&trouble.title),
            xml(&trouble.reason)
        ));
    }
    out
}
