"""From the log to many followers: parcels of events, partitioned by case, and who carries them."""
