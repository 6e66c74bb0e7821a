"""Commands of the Makefile that are not stages: doctor, publish, reproduce, serve, smoke, ui."""
