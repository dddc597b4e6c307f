"""Sentiment of posts: a small linear model whose weights are in the repository. See MODEL_CARD.md."""

from orchestration.analysis.sentiment.classifier import PREDICTIONS, SENTIMENTS, Classifier, load_classifier

__all__ = ["PREDICTIONS", "SENTIMENTS", "Classifier", "load_classifier"]
