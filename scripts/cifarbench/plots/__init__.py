"""From results to drawings, one module a kind: in come scores and tables, out come SVG and PNG; none computes."""
