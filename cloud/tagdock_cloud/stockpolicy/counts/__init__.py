"""Cycle counts: asked by class, done by RFID or blind, their differences settled by people."""
