"""From images and labels to what is odd about them: in come arrays, out go copies, doubtful labels and odd images."""
