"""Training as a child process: started, listened to, commanded, remembered; knows neither Qt nor torch."""
