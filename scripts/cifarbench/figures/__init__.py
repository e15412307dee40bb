"""From results to drawings: in come scores and tables, out come SVG and PNG. One module a kind; none computes a result."""
