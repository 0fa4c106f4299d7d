"""What is done with images: the pixel review, and who may see what."""
