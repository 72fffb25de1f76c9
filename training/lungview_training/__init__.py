"""How the networks learn: data, losses, engine, evaluation. What running a model needs stands in lungview.detection."""
