"""From fitted models to what is taken along: in come a study's files, out come answers, ONNX, cards and archives."""
