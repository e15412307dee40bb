"""Write predictions, ONNX files, demo pages, model cards and RO-Crates from the files of fitted models."""
