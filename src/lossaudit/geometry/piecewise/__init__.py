"""The scalar piecewise route: sums of functions of one affine scalar each, taken apart at exact breakpoints.

The output is read as a sum of terms. Terms that depend on the variables through the same affine scalar u = c.x + b only
belong together; their sum is `scale` times a function g(u). On each open interval between breakpoints every case
(select, abs, max, step) is decided and g is one smooth form, proved convex there. At each breakpoint the value is
continuous, exactly, and the slope does not fall. Then g is convex, and so is the sum.

The certificate (rule `pieces`); exact numbers are fractions as strings, intervals are open, None is an infinite end:

    {"program": P,
     "groups": [{"terms": [i, ...], "argument": {"coefficients": [[variable, c], ...], "bias": b},
                 "scale": s, "function": k}, ...],
     "functions": [{"function": G, "breakpoints": [q, ...],
                    "pieces": [{"interval": [low, high], "expression": E, "proof": proof}, ...],
                    "joints": [{"at": q, "passage": "smooth" | "up"}, ...]}, ...],
     "rest": None | {"terms": [i, ...], "certificate": data of a "facts" certificate}}

What has to hold, and how to see it:

1. The output of P is `linear` (or else is itself the one term, with coefficient 1). Each of its arguments is affine
   (`variable`, `constant`, `linear` in variables only), or in exactly one group, or in the rest. s > 0.
2. G is made from P without any simplification; its instruction 0 is u. Take the terms of the group and, again and
   again, the arguments of each instruction that is not affine, without the variables of a `linear`. Write them down in
   this order: affine ones but for constants, constants by value, all others; else by index. A `linear` (or `variable`)
   of P whose variables and bias sum up to a u + b becomes `linear` over u (if a is not 0), then its other arguments,
   with bias b; an affine one with a = 1, b = 0 is u itself and not written, one with a = 0 is `constant` b. All else
   keeps its op and constants. The output is `linear` over the terms, coefficients divided by s, bias 0. The arguments
   of max, multiply, logsumexp and linear are sorted by their new index. G's domain is the range of u.
3. Between breakpoints (and the ends of the domain) lie cells; each lies in one piece. Going through G once, on a
   cell: `select` becomes the branch taken, `max` its largest argument, `abs` plus or minus its argument, `huber` its
   parabola or one of its lines, `step` 0 or 1, each because the sign of its condition does not change there. Arguments
   of log are > 0 there, of power with an exponent that is not natural, of one sign (and > 0 if it is not whole); only a
   branch that is not taken may be undefined. What comes out equals E: as polynomials in u, exponentials, logarithms and
   powers (`form` does this, and its docstring says by which identities).
4. E is convex on its interval. proof["rule"] is
   "polynomial": E is a polynomial, its second derivative is >= 0 there (Sturm);
   "facts": proof["certificate"] is a certificate of rule `facts` whose program equals E there;
   "sum": E = sum_k proof["polynomial"][k] u^k + the program of proof["certificate"], each convex;
   "derivative": the second derivative of E is, up to positive factors, a polynomial in u, or in exp(w) with w affine,
   or a sum of terms each >= 0.
5. At each breakpoint the value of G there equals the expressions on both sides, exactly. Inside a piece E is analytic
   there. Between two pieces there is a joint: the slopes are equal ("smooth"), or the right one is larger ("up"). A
   joint at a closed end of the domain speaks about the value: equal to the limit ("smooth"), or above it ("up").
"""

from lossaudit.geometry.piecewise.prove import non_convex_joint, prove_by_pieces

__all__ = ["non_convex_joint", "prove_by_pieces"]
