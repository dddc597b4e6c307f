"""Sentiment of posts. By default a small linear model whose weights are in the repository: see MODEL_CARD.md."""

from orchestration.reading.sentiment.choice import SentimentModel, load_classifier
from orchestration.reading.sentiment.classifier import PREDICTIONS, SENTIMENTS, Classifier

__all__ = ["PREDICTIONS", "SENTIMENTS", "Classifier", "SentimentModel", "load_classifier"]
