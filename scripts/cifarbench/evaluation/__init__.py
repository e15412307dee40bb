"""From predictions to figures of merit: in come answers of any model, out come scores, tests and a comparison."""
