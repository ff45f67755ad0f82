"""The page's style: one column on a phone, two pictures in a row on a desktop, light, dark and print."""

from __future__ import annotations

from lossaudit.report import chart

STYLE = (
    """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--card:#f5f6f8;--edge:#d9dce1;
--error:#b3261e;--warning:#8a5300;--good:#00704f;--del:#fdeceb;--ins:#e5f5ee;--mark:#fff3c4}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a2a9b3;--paper:#15181c;--card:#1e2227;--edge:#3a3f47;
--error:#ff8a80;--warning:#ffc062;--good:#3fd0a0;--del:#41211f;--ins:#173327;--mark:#4a3f14}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:60rem;margin:0 auto;padding:1rem}
header{border-bottom:1px solid var(--edge);padding-bottom:1rem}
h1{font-size:1.6rem;line-height:1.25;margin:.4rem 0}
h2{font-size:1.2rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
p,ul,ol,dl{margin:.5rem 0}
ul,ol{padding-left:1.2rem}
code,pre{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.9em}
pre{background:var(--card);border:1px solid var(--edge);border-radius:6px;padding:.6rem 0;margin:.5rem 0}
pre>*{display:block;padding:0 .7rem 0 calc(.7rem + 2ch);text-indent:-2ch;white-space:pre-wrap;text-decoration:none;
color:inherit}
.source>*{padding-left:calc(.7rem + 6ch);text-indent:-6ch}
del{background:var(--del)} ins{background:var(--ins)} mark{background:var(--mark)}
.program{margin:0;color:var(--soft)} .lead{font-size:1.05rem} .note,.place{color:var(--soft);font-size:.9rem}
.place{margin-bottom:0} .ending{color:var(--warning);font-weight:600}
.chip{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 .6em;font-size:.8rem;
font-weight:600;vertical-align:middle}
.error,.refuted{color:var(--error)} .warning,.undecided{color:var(--warning)} .clean,.proved{color:var(--good)}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin-top:1rem}
.tiles div{flex:1 1 9rem;background:var(--card);border:1px solid var(--edge);border-radius:6px;padding:.5rem .8rem}
.tiles .better b{color:var(--good)}
.tiles b{display:block;font-size:1.7rem;line-height:1.2} .tiles span{color:var(--soft);font-size:.9rem}
.blocks,.measures{overflow-wrap:break-word} .blocks .chip{white-space:nowrap} .blocks .n{padding-right:.8rem}
.measures .n{white-space:normal;padding-left:.8rem}
@media (max-width:40rem){.blocks tr{display:grid;grid-template-columns:minmax(0,1fr) auto auto;
border-bottom:1px solid var(--edge)} .blocks :is(th,td){border:0} .blocks :is(th,td):last-child{grid-column:1/-1}}
.pictures{margin:1rem 0;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}
figure{margin:0;max-width:30rem}
@media (min-width:40rem){figure{border:1px solid var(--edge);border-radius:6px;padding:.8rem}}
figcaption{font-size:.9rem;margin-bottom:.5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem} th,td{text-align:left;vertical-align:top;
padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--edge)} .n{text-align:right;white-space:nowrap;padding-right:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem} dt{color:var(--soft)} dd{margin:0}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--paper:#fff;--card:#fff;--edge:#bbb;--error:#b3261e;
--warning:#8a5300;--good:#00704f;--del:#fdeceb;--ins:#e5f5ee;--mark:#fff3c4} figure,pre,table{break-inside:avoid}
main{padding:0}}
"""
    + chart.STYLE
)
