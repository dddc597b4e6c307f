"""The sentiment of posts. The default model is small and its weights are in the repository: see MODEL_CARD.md."""

from orchestration.reading.sentiment.choice import SentimentModel, load_classifier
from orchestration.reading.sentiment.classifier import PREDICTIONS, Classifier

__all__ = ["PREDICTIONS", "Classifier", "SentimentModel", "load_classifier"]
