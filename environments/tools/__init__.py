"""What a model may call: tools by toolset, and the gate each call passes."""
