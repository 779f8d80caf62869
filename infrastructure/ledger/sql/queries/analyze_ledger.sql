-- Count what was restored, so that the questions that follow are planned for it.
analyze heartline.events, heartline.deliveries, heartline.content
