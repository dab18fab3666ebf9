"""Spectrograms and waveforms: changes of the input that go with masks."""
