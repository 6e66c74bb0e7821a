"""What `results/report.html` is made of: numbers, pictures, times, and the page itself."""
