"""Each rule of delivery, shown twice: it holds, and its simpler version loses or repeats."""
