"""Sentiment of posts. By default a small linear model whose weights are in the repository: see MODEL_CARD.md."""

from orchestration.analysis.sentiment.choice import SentimentModel, load_classifier
from orchestration.analysis.sentiment.classifier import PREDICTIONS, SENTIMENTS, Classifier

__all__ = ["PREDICTIONS", "SENTIMENTS", "Classifier", "SentimentModel", "load_classifier"]
