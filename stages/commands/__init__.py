"""What `make` runs beside the workflow: smoke, publish, reproduce, serve, doctor, reference."""
