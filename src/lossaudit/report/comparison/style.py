"""Rules for the pages of comparisons and studies, after those that every page has.

Where the window is too narrow for a table of figures, each of its rows becomes a card.
"""

from __future__ import annotations

STYLE = """
main{max-width:70rem} a{color:var(--k1)}
.panels{margin:1rem 0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17.5rem),1fr));gap:1rem}
.panels figure{padding:.6rem;border:1px solid var(--edge);border-radius:6px;max-width:none;
display:flex;flex-direction:column}
.panels svg{margin-top:auto} .panels .note{font-size:.85rem} .panels .warning{color:var(--warning)}
svg .band{fill:var(--k1);opacity:.2} svg .thin{fill:none;stroke:var(--k1);stroke-width:1;opacity:.55}
svg .other{fill:none;stroke:currentColor;stroke-width:1;opacity:.3}
svg .cross{fill:none;stroke:var(--error);stroke-width:2.2}
svg .interval{stroke:currentColor;stroke-width:2} svg .point{fill:var(--paper);stroke:currentColor;stroke-width:2}
svg .decided{fill:currentColor}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.9rem;color:var(--soft);margin:.5rem 0}
.legend svg{display:inline-block;width:34px;height:12px;vertical-align:middle;margin-right:.4rem}
.figures td{white-space:nowrap} .figures .n{padding-left:.4rem} .figures .name{width:12rem}
.figures thead th{vertical-align:bottom;white-space:normal;overflow-wrap:normal}
.figures small{display:block;color:var(--soft);font-size:.75rem;white-space:nowrap}
.figures .name small{white-space:normal;font-weight:400} .figures .name .warning{color:var(--warning)}
.figures td.said{padding-left:1.2rem;color:var(--warning);font-weight:600;white-space:normal}
.figures .sign{display:inline-block;width:1.2em;text-align:right}
.forest td{vertical-align:middle}
@media (min-width:46.01rem){.forest{table-layout:fixed} .forest :is(th,td):first-child{width:20%}
.forest :is(th,td):nth-child(2){width:36%} .forest :is(th,td):nth-child(3){width:24%}}
.forest .ways{font-weight:400;color:var(--soft)}
.forest .ways span{display:inline-block} .forest .ways span+span{float:right;text-align:right}
.forest td:nth-child(2){padding-top:0;padding-bottom:0} .forest .axis td{border:0}
.partial{border:1px solid var(--warning);border-radius:6px;padding:.5rem .8rem;color:var(--warning);font-weight:600}
.warnings{color:var(--warning)} details{margin:.6rem 0} summary{cursor:pointer}
details.loss{border:1px solid var(--edge);border-radius:6px;padding:.4rem .8rem}
.audits th{width:12rem} .audits p{margin:0 0 .3rem} .audits p:last-child{margin:0}
.wide{overflow-x:auto} .wide :is(th,td){padding-right:.9rem;overflow-wrap:normal} .wide tr>*+*{text-align:right}
.embedded{border-left:3px solid var(--edge);padding-left:1rem;margin:1.5rem 0} .embedded h2{font-size:1.05rem}
@media (max-width:68rem){
.figures thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.figures tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:.3rem .8rem;
padding:.6rem 0;border-bottom:1px solid var(--edge)}
.figures :is(th,td),.figures td.said{border:0;padding:0;text-align:left}
.figures .n{padding-left:0} .figures .name,.figures td.said{grid-column:1/-1;width:auto}
.figures td[data-name]::before{content:attr(data-name);display:block;color:var(--soft);font-size:.8rem;
white-space:normal}}
@media (max-width:46rem){.forest :is(tbody,thead,tr,th,td){display:block;border:0;padding:0}
.forest tbody tr{padding:.4rem 0;border-bottom:1px solid var(--edge)} .forest thead th:not(.ways){display:none}
.embedded{border:0;padding:0} .audits :is(th,td){display:block;width:auto;border:0;padding:0}
.audits tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--edge)}}
@media print{.panels{grid-template-columns:repeat(3,1fr)}
details::details-content{content-visibility:visible;display:block}
.wide{overflow:visible;font-size:.75rem} figure,tr{break-inside:avoid}}
"""
